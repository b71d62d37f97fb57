use super::*;

#[test]
fn a_sweep_fails_as_what_it_asked_failed() {
    for (error, retry) in [
        (RelayError::Store(StoreError::Unavailable { reason: "throttled".into() }), Retry::Backoff),
        (RelayError::Store(StoreError::Refused { reason: "no such index".into() }), Retry::Never),
        (RelayError::Store(StoreError::Corrupt { key: "CNV#1 C#".into(), reason: "no version".into() }), Retry::Never),
        (RelayError::Queue(JobQueueError { reason: "down".into() }), Retry::Backoff),
    ] {
        assert_eq!(error.retry(), retry, "{error:?}");
    }
}
