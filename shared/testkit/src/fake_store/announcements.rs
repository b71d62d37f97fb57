//! The ports `Endpoints` and `Deliveries`.

use domain::announce::{AnnouncementId, Begun, Deliveries, Delivery, Endpoint, EndpointId, Endpoints, Put};
use domain::ports::StoreError;

use super::state::at_least_one;
use super::{Call, FakeStore};

impl Endpoints for FakeStore {
    async fn endpoints(&self) -> Result<Vec<Endpoint>, StoreError> {
        self.call(Call::Endpoints, |state| Ok(state.endpoints.values().cloned().collect())).await
    }

    async fn endpoint(&self, id: &EndpointId) -> Result<Option<Endpoint>, StoreError> {
        self.call(Call::Endpoint, |state| Ok(state.endpoints.get(id).cloned())).await
    }

    async fn put_endpoint(&self, endpoint: &Endpoint) -> Result<Put, StoreError> {
        self.call(Call::PutEndpoint, |state| {
            if state.endpoints.get(&endpoint.id).map_or(0, |stored| stored.revision) != endpoint.revision {
                return Ok(Put::Stale);
            }
            state.endpoints.insert(endpoint.id.clone(), Endpoint { revision: endpoint.revision + 1, ..endpoint.clone() });
            Ok(Put::Written)
        })
        .await
    }

    async fn remove_endpoint(&self, id: &EndpointId) -> Result<(), StoreError> {
        self.call(Call::RemoveEndpoint, |state| {
            state.endpoints.remove(id);
            Ok(())
        })
        .await
    }
}

impl Deliveries for FakeStore {
    async fn begin_delivery(&self, delivery: &Delivery) -> Result<Begun, StoreError> {
        self.call(Call::BeginDelivery, |state| {
            let place = place(&delivery.endpoint, &delivery.announcement.id);
            if let Some(before) = state.deliveries.get(&place) {
                return Ok(Begun::Before(Box::new(before.clone())));
            }
            state.deliveries.insert(place, Delivery { revision: 1, ..delivery.clone() });
            Ok(Begun::New)
        })
        .await
    }

    async fn delivery(&self, endpoint: &EndpointId, announcement: &AnnouncementId) -> Result<Option<Delivery>, StoreError> {
        self.call(Call::Delivery, |state| Ok(state.deliveries.get(&place(endpoint, announcement)).cloned())).await
    }

    async fn put_delivery(&self, delivery: &Delivery) -> Result<bool, StoreError> {
        self.call(Call::PutDelivery, |state| {
            let place = place(&delivery.endpoint, &delivery.announcement.id);
            let is_current = state.deliveries.get(&place).map_or(0, |stored| stored.revision) == delivery.revision;
            if is_current {
                state.deliveries.insert(place, Delivery { revision: delivery.revision + 1, ..delivery.clone() });
            }
            Ok(is_current)
        })
        .await
    }

    async fn deliveries(&self, endpoint: &EndpointId, after: Option<&AnnouncementId>, limit: usize) -> Result<Vec<Delivery>, StoreError> {
        self.call(Call::Deliveries, |state| {
            let limit = at_least_one(limit)?;
            let of_endpoint = state.deliveries.iter().rev().filter(|((of, id), _)| of == endpoint && after.is_none_or(|after| id < after));
            Ok(of_endpoint.take(limit).map(|(_, delivery)| delivery.clone()).collect())
        })
        .await
    }
}

fn place(endpoint: &EndpointId, announcement: &AnnouncementId) -> (EndpointId, AnnouncementId) {
    (endpoint.clone(), announcement.clone())
}
