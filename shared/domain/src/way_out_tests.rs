use super::*;

const WINDOWS: [Window; 4] = [Window::UnknownCustomer, Window::Open, Window::Closed, Window::NeverOpened];
const CONSENTS: [Consent; 4] = [Consent::Given, Consent::NotAsked, Consent::Declined, Consent::Stopped];
const TEMPLATES: [Template; 4] = [Template::Approved, Template::Pending, Template::Rejected, Template::Missing];
const ADDRESSES: [Address; 4] = [Address::Usable, Address::NoConsent, Address::NoAddress, Address::NoMailServer];

fn situation(window: Window, consent: Consent, template: Template, address: Address) -> Situation {
    Situation { kind: NoticeKind::Shipped, not_worth: None, window, consent, template, address, is_held_out: false, refused: Vec::new() }
}

fn every() -> impl Iterator<Item = Situation> {
    WINDOWS.into_iter().flat_map(|window| {
        CONSENTS.into_iter().flat_map(move |consent| {
            TEMPLATES
                .into_iter()
                .flat_map(move |template| ADDRESSES.into_iter().map(move |address| situation(window, consent, template, address)))
        })
    })
}

/// The table of the module's documentation, written the other way round: what must hold for each way.
#[test]
fn every_pair_of_window_consent_template_and_address_has_its_way() {
    let mut seen = 0;
    for case in every() {
        let Situation { window, consent, template, address, .. } = case;
        let expected = match (window, consent, template, address) {
            (_, Consent::Declined, _, Address::Usable) => WayOut::Email,
            (_, Consent::Stopped | Consent::Declined, _, _) => WayOut::Drop,
            (Window::UnknownCustomer, _, _, _) => WayOut::WaitForLink,
            (Window::Open, _, _, _) => WayOut::TextWithButtons,
            (Window::Closed | Window::NeverOpened, Consent::Given, Template::Approved, _) => WayOut::UtilityTemplate,
            (Window::Closed | Window::NeverOpened, _, _, Address::Usable) => WayOut::Email,
            (Window::Closed | Window::NeverOpened, _, _, _) => WayOut::WaitForWindow,
        };
        assert_eq!(way_out(&case).0, expected, "{case:?}");
        seen += 1;
    }
    assert_eq!(seen, 4 * 4 * 4 * 4);
}

#[test]
fn a_receipt_goes_as_a_receipt_inside_the_window_and_never_outside() {
    for case in every() {
        let receipt = Situation { kind: NoticeKind::Receipt, ..case.clone() };
        let (way, _) = way_out(&receipt);
        assert_eq!(
            way == WayOut::ReceiptTemplate,
            case.window == Window::Open && matches!(case.consent, Consent::Given | Consent::NotAsked),
            "{receipt:?}"
        );
    }
}

#[test]
fn nothing_is_told_to_the_hold_out_or_once_it_is_not_worth_telling() {
    for case in every() {
        let held = Situation { is_held_out: true, ..case.clone() };
        assert_eq!(way_out(&held).0, WayOut::HoldOut);
        let stale = Situation { not_worth: Some("it has arrived".into()), ..case };
        assert_eq!(way_out(&stale).0, WayOut::Drop);
    }
}

#[test]
fn what_meta_refused_takes_the_next_way() {
    let mut case = situation(Window::Closed, Consent::Given, Template::Approved, Address::Usable);
    case.refused.push(WayOut::UtilityTemplate);
    assert_eq!(way_out(&case).0, WayOut::Email);
    case.refused.push(WayOut::Email);
    let (way, reason) = way_out(&case);
    assert_eq!(way, WayOut::WaitForWindow);
    assert!(reason.contains("Meta refused the utility template"), "{reason}");
    case.window = Window::Open;
    assert_eq!(way_out(&case).0, WayOut::TextWithButtons);
    case.refused.push(WayOut::TextWithButtons);
    assert_eq!(way_out(&case).0, WayOut::GiveUp);
}

#[test]
fn a_receipt_that_meta_refuses_inside_the_window_is_told_as_a_text() {
    let mut case = situation(Window::Open, Consent::NotAsked, Template::Missing, Address::NoAddress);
    case.kind = NoticeKind::Receipt;
    case.refused.push(WayOut::ReceiptTemplate);
    assert_eq!(way_out(&case).0, WayOut::TextWithButtons);
}

#[test]
fn no_way_is_taken_that_was_refused_and_every_decision_has_words() {
    let ways = [WayOut::ReceiptTemplate, WayOut::TextWithButtons, WayOut::UtilityTemplate, WayOut::Email];
    for case in every() {
        for kind in [NoticeKind::Receipt, NoticeKind::Shipped] {
            for chosen in 0..16_u8 {
                let refused: Vec<WayOut> =
                    ways.into_iter().enumerate().filter(|(bit, _)| chosen & (1 << bit) != 0).map(|(_, way)| way).collect();
                let case = Situation { kind, refused: refused.clone(), ..case.clone() };
                let (way, reason) = way_out(&case);
                assert!(!refused.contains(&way), "{case:?}");
                assert!(reason.ends_with('.') && !reason.contains("  "), "{reason}");
            }
        }
    }
}
