//! `/v1/consents`.

use std::sync::Arc;

use axum::Json as Answer;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use domain::consent::{Consents, Entry, Subject};
use domain::orders::{self, Orders};
use domain::ports::{History, StoreError};

use super::conversations::parse_id;
use super::pages;
use crate::dto::consent::{ConsentDto, ConsentRequestDto, LedgerDto, Named};
use crate::dto::list::List;
use crate::extract::{Parameters, Unread};
use crate::keys::Scope;
use crate::problem::Failure;
use crate::{Api, cursor};

/// Lists what one person agreed to and refused, oldest first, and says what is true now. An address or an id has a ledger of its own; what is
/// true now also follows from what the customer said in the thread that it leads to.
#[utoipa::path(
    get, path = "/v1/consents", tag = "consents",
    params(
        ("conversation_id" = Option<String>, Query, description = "exactly one of this, `email` and `customer_id`"),
        ("email" = Option<String>, Query),
        ("customer_id" = Option<String>, Query),
        ("page_id" = Option<String>, Query, description = "may be left out while there is one Page only, and with `conversation_id`"),
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before"),
        ("limit" = Option<u32>, Query, description = "1 to 100, 25 when absent"),
    ),
    responses((status = 200, body = LedgerDto), (status = 401), (status = 403), (status = 404), (status = 422)),
    security(("key" = []))
)]
pub(crate) async fn list(State(api): State<Arc<Api>>, headers: HeaderMap, parameters: Parameters) -> Result<Answer<LedgerDto>, Failure> {
    api.keys.admit(&headers, &[Scope::Agent, Scope::Notify])?;
    let parameters = parameters.only(&["conversation_id", "email", "customer_id", "page_id", "cursor", "limit"])?;
    let [conversation, email, customer] = ["conversation_id", "email", "customer_id"].map(|name| parameters.get(name));
    let named = Named::one_of(conversation, email, customer)
        .ok_or_else(|| Failure::invalid("query", "must have one of conversation_id, email and customer_id"))?;
    let after = parameters.get("cursor").map(cursor::parse_consent).transpose()?;
    let limit = parameters.limit()?;
    let subject = subject(&api, named, parameters.get("page_id"), "").await?;
    let entries = api.table.entries(&subject).await?;
    let rest = entries.iter().filter(|entry| after.as_ref().is_none_or(|after| entry.id() > *after));
    let page = List::page(rest.take(limit + 1).cloned().collect::<Vec<Entry>>(), limit, cursor::after_consent, ConsentDto::from);
    let said: Vec<Entry> = entries.iter().cloned().chain(in_the_thread(&api, &subject).await?).collect();
    Ok(Answer(LedgerDto::of(&said, page.data, page.next_cursor)))
}

/// Notes what a customer agreed to or refused at a checkout. It does not outdo their own STOP. 200: it was noted before.
#[utoipa::path(
    post, path = "/v1/consents", tag = "consents",
    request_body = ConsentRequestDto,
    responses(
        (status = 201, body = ConsentDto), (status = 200, body = ConsentDto), (status = 400), (status = 401), (status = 403), (status = 404),
        (status = 413), (status = 415), (status = 422), (status = 503)
    ),
    security(("key" = []))
)]
pub(crate) async fn note(
    State(api): State<Arc<Api>>,
    headers: HeaderMap,
    body: Unread,
) -> Result<(StatusCode, Answer<ConsentDto>), Failure> {
    let key = api.keys.admit(&headers, &[Scope::Notify])?;
    let request: ConsentRequestDto = body.json()?;
    let subject = subject(&api, request.named()?, request.page_id(), "#/").await?;
    let entry = request.entry(subject, api.clock.now())?;
    let is_new = api.table.append(&entry).await?;
    tracing::info!(given = entry.given, channel = entry.channel.as_str(), is_new, key, "consent noted");
    Ok((if is_new { StatusCode::CREATED } else { StatusCode::OK }, Answer(entry.into())))
}

/// Reads what was said in the thread that an address or a customer's id leads to.
async fn in_the_thread(api: &Api, subject: &Subject) -> Result<Vec<Entry>, StoreError> {
    let Some(name) = orders::name_of(subject) else { return Ok(Vec::new()) };
    let Some(conversation) = api.table.acquaintance(&name).await?.conversation else { return Ok(Vec::new()) };
    api.table.entries(&Subject::Conversation { conversation }).await
}

/// Finds out whose consent is meant. A conversation must be there; `prefix` is what stands before the names of fields.
async fn subject(api: &Api, named: Named<'_>, page: Option<&str>, prefix: &str) -> Result<Subject, Failure> {
    if let Named::Conversation(id) = named {
        let id = parse_id(id)?;
        let conversation = api.table.conversation(&id).await?.ok_or(Failure::NotFound("conversation"))?;
        return Ok(Subject::Conversation { conversation: conversation.id });
    }
    named.on(pages::meant(api, page, &format!("{prefix}page_id")).await?, prefix)
}
