//! The port `Endpoints`: where the shop's own programs are told.

use domain::announce::{Endpoint, EndpointId, Endpoints, Put};
use domain::ports::StoreError;

use crate::{Table, error, item, key};

impl Endpoints for Table {
    async fn endpoints(&self) -> Result<Vec<Endpoint>, StoreError> {
        self.of_partition(key::ENDPOINTS).await?.iter().map(item::to_endpoint).collect()
    }

    async fn endpoint(&self, id: &EndpointId) -> Result<Option<Endpoint>, StoreError> {
        self.get(&key::endpoint(id)).await?.as_ref().map(item::to_endpoint).transpose()
    }

    async fn put_endpoint(&self, endpoint: &Endpoint) -> Result<Put, StoreError> {
        let is_written = self.put_at(item::of_endpoint(endpoint)?, endpoint.revision).await?;
        Ok(if is_written { Put::Written } else { Put::Stale })
    }

    async fn remove_endpoint(&self, id: &EndpointId) -> Result<(), StoreError> {
        let delete = self.client.delete_item().table_name(&self.name).set_key(Some(item::key_of(&key::endpoint(id))));
        delete.send().await.map(drop).map_err(error::of)
    }
}
