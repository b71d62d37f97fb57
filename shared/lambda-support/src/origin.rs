//! Where the work at hand comes from, so that what it puts into a queue can be told to belong to it.

use std::collections::BTreeMap;
use std::pin::Pin;

use domain::id::ConversationId;

tokio::task_local! {
    static ORIGIN: Origin;
}

/// What started an invocation, or a part of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Origin {
    /// X-Ray's header of the invocation, `Root=…;Parent=…;Sampled=1`, as a queue's message carries it on.
    pub trace: Option<String>,
    pub request: Request,
}

/// The gateway's id of the request that started the work.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Request {
    #[default]
    Unknown,
    /// All of it.
    Of(String),
    /// What concerns a conversation, where work of many is done at once.
    ByConversation(BTreeMap<ConversationId, String>),
}

impl Request {
    /// Takes an id; a blank one is unknown.
    #[must_use]
    pub fn of(id: &str) -> Self {
        if id.is_empty() { Self::Unknown } else { Self::Of(id.to_owned()) }
    }
}

impl Origin {
    /// The origin of an invocation that X-Ray may follow.
    #[must_use]
    pub const fn traced(trace: Option<String>) -> Self {
        Self { trace, request: Request::Unknown }
    }

    /// Works with this origin.
    pub async fn of<'a, T>(self, work: impl Future<Output = T> + Send + 'a) -> T {
        // Boxed: so many calls within one another are a type too deep for the compiler.
        let work: Pin<Box<dyn Future<Output = T> + Send + 'a>> = Box::pin(work);
        ORIGIN.scope(self, work).await
    }
}

/// Returns X-Ray's header of the work at hand.
#[must_use]
pub fn trace() -> Option<String> {
    ORIGIN.try_with(|origin| origin.trace.clone()).unwrap_or_default()
}

/// Returns the id of the request behind what concerns `conversation`.
#[must_use]
pub fn request_of(conversation: &ConversationId) -> Option<String> {
    let of = |origin: &Origin| match &origin.request {
        Request::Unknown => None,
        Request::Of(id) => Some(id.clone()),
        Request::ByConversation(ids) => ids.get(conversation).cloned(),
    };
    ORIGIN.try_with(of).ok().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::id::{PageId, UserId};

    fn conversation(person: &str) -> ConversationId {
        ConversationId::of(&PageId::new("1").unwrap(), &UserId::new(person).unwrap())
    }

    #[tokio::test]
    async fn work_knows_its_origin_and_none_outside() {
        assert_eq!((trace(), request_of(&conversation("2"))), (None, None));
        let origin = Origin { trace: Some("Root=1".into()), request: Request::of("r1") };
        let known = origin.of(async { (trace(), request_of(&conversation("2"))) }).await;
        assert_eq!(known, (Some("Root=1".into()), Some("r1".into())));
    }

    #[tokio::test]
    async fn each_conversation_has_its_own_request() {
        let request = Request::ByConversation([(conversation("2"), "r2".into())].into());
        let origin = Origin { trace: None, request };
        let known = origin.of(async { [request_of(&conversation("2")), request_of(&conversation("3"))] }).await;
        assert_eq!(known, [Some("r2".into()), None]);
    }
}
