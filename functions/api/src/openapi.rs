//! The OpenAPI document, made of the routes and shapes themselves.

use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{Modify, OpenApi};

use crate::routes::{consents, conversations, decisions, links, messages, notifications, orders, pages, rollouts, webhook_endpoints};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Shopbell",
        description = "The open line between a shop and its customers in Messenger. Errors are `application/problem+json` (RFC 9457); \
                       times are RFC 3339 in UTC; lists are `{data, next_cursor}`."
    ),
    paths(conversations::list, conversations::show, conversations::decide, messages::list, messages::reply, decisions::resend, decisions::discard, notifications::notify, notifications::show, orders::show, pages::list, pages::resume, links::make, consents::list, consents::note, rollouts::list, rollouts::show, rollouts::set, rollouts::report, rollouts::stop, rollouts::resume,
        webhook_endpoints::list, webhook_endpoints::create, webhook_endpoints::show, webhook_endpoints::change, webhook_endpoints::remove,
        webhook_endpoints::rotate_secret, webhook_endpoints::test, webhook_endpoints::deliveries, webhook_endpoints::replay,
        webhook_endpoints::replay_failed),
    modifiers(&Key)
)]
struct Document;

struct Key;

impl Modify for Key {
    fn modify(&self, openapi: &mut utoipa::openapi::OpenApi) {
        let scheme = SecurityScheme::Http(HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build());
        openapi.components.get_or_insert_default().add_security_scheme("key", scheme);
    }
}

pub(crate) fn document() -> String {
    Document::openapi().to_json().unwrap_or_default()
}
