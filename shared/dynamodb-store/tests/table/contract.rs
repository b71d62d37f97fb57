//! The table is a store.

use dynamodb_store::Table;

use crate::engine::Engine;

async fn fresh() -> Table {
    Engine::start().await.table
}

testkit::store_contract!(fresh);
