use super::*;
use crate::id::PageId;
use crate::inbound::{NotedKind, Postback, Reaction, Referral};

fn event(kind: EventKind) -> InboundEvent {
    InboundEvent {
        page: PageId::new("108234567890123").unwrap(),
        party: Party::Page,
        occurred_at: Timestamp::from_millis(1_795_255_200_000),
        standby: false,
        kind,
        raw: "{}".into(),
    }
}

#[test]
fn every_failure_says_whether_the_event_may_come_again() {
    for (error, retry) in [
        (IngestError::Store(StoreError::Unavailable { reason: "throttled".into() }), Retry::Backoff),
        (IngestError::Store(StoreError::Refused { reason: "too large".into() }), Retry::Never),
        (IngestError::Store(StoreError::Corrupt { key: "CNV#1 C#".into(), reason: "no version".into() }), Retry::Never),
        (IngestError::FollowUp(JobQueueError { reason: "down".into() }), Retry::Backoff),
        (IngestError::Busy, Retry::Backoff),
    ] {
        assert_eq!(error.retry(), retry, "{error:?}");
    }
}

#[test]
fn what_the_customer_does_may_open_the_window_and_control_may_return_the_thread() {
    let mid = || PlatformMessageId::new("m_1").unwrap();
    let love = Reaction { name: "love".into(), emoji: None };
    let referral = Referral { reference: None, source: None, kind: None, ad_id: None, product_id: None };
    let tap = Postback { platform_id: None, title: None, payload: None, referral: None };
    for (kind, window, thread) in [
        (EventKind::Postback(tap), true, false),
        (EventKind::Referral(referral), true, false),
        (EventKind::Reaction { platform_id: mid(), reaction: Some(love) }, true, false),
        (EventKind::Reaction { platform_id: mid(), reaction: None }, false, false),
        (EventKind::ThreadControl { owner: None }, false, true),
        (EventKind::Read { up_to: Timestamp::from_millis(1) }, false, false),
        (EventKind::Unsend { platform_id: mid() }, false, false),
        (EventKind::Noted(NotedKind::Rating), false, false),
    ] {
        assert_eq!(wakes(&kind, WaitingFor::Window), window, "{kind:?}");
        assert_eq!(wakes(&kind, WaitingFor::Thread), thread, "{kind:?}");
        assert!(!wakes(&kind, WaitingFor::Page), "{kind:?}");
    }
}

#[test]
fn an_operator_hears_of_enforcement_and_of_templates_and_of_nothing_else() {
    let enforcement = |action: &str| EventKind::Enforcement { action: action.into(), reason: None };
    let template = |status: &str| EventKind::TemplateStatus {
        name: Some("order_update".into()),
        language: Some("en".into()),
        status: status.into(),
        reason: Some("ABUSIVE_CONTENT".into()),
    };
    for (kind, severity) in [
        (enforcement("block"), Some(Severity::Critical)),
        (enforcement("warning"), Some(Severity::Critical)),
        (enforcement("unblock"), Some(Severity::Notice)),
        (template("REJECTED"), Some(Severity::Warning)),
        (template("APPROVED"), Some(Severity::Notice)),
        (EventKind::Noted(NotedKind::Feed), None),
        (EventKind::Unknown("message_hologram".into()), None),
    ] {
        let told = operator_event(&event(kind.clone()));
        assert_eq!(told.as_ref().map(|event| event.severity), severity, "{kind:?}");
        assert!(told.is_none_or(|event| event.message.contains("108234567890123")), "which Page");
    }
}
