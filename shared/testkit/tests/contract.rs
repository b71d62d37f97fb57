//! The fake is a store.

use testkit::FakeStore;

#[expect(clippy::unused_async, reason = "the contract makes its stores so")]
async fn fresh() -> FakeStore {
    FakeStore::default()
}

testkit::store_contract!(fresh);
