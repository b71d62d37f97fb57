//! The switches for everything that can go wrong.

use axum::extract::{Form, Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};
use serde::Deserialize;

use super::{PREFIX, actions, words};
use crate::faults::{ActiveFault, Faults, Lasting, SendFault, WebhookFaults};
use crate::ids::PAGE_INBOX_APP_ID;
use crate::simulator::Simulator;
use crate::store::customers::Customer;

/// What can go wrong for one customer alone.
const OF_CUSTOMER: [SendFault; 2] = [SendFault::CustomerUnavailable, SendFault::WindowClosed];

/// Draws the panel.
pub(crate) fn panel(faults: &Faults) -> Markup {
    html! {
        details.faults data-testid="faults" {
            summary {
                "Let things go wrong"
                span.count #fault-count data-live {
                    @if *faults != Faults::none() { b { "on" } }
                }
            }
            div.panel {
                div {
                    h2 { "When the shop sends" }
                    (active(faults))
                    form.switch method="post" action={ (PREFIX) "/faults" } data-async {
                        select name="fault" aria-label="What goes wrong" data-testid="fault" {
                            @for fault in SendFault::ALL { option value=(words::slug(fault)) { (words::fault(fault)) } }
                        }
                        select name="sends" aria-label="How long" data-testid="fault-lasting" {
                            @for sends in [1_u32, 3, 10] { option value=(sends) { (words::lasting(Lasting::Next(sends))) } }
                            option value="0" { (words::lasting(Lasting::UntilOff)) }
                        }
                        button type="submit" data-testid="fault-on" { "Switch on" }
                    }
                }
                (webhook_switches(&faults.webhooks))
            }
        }
    }
}

fn active(faults: &Faults) -> Markup {
    html! {
        ul.active #faults-on data-live {
            @for (place, active) in faults.sends.iter().enumerate() {
                li {
                    form method="post" action={ (PREFIX) "/faults/off" } data-async {
                        span {
                            (words::fault(active.fault)) ", " (words::lasting(active.lasting))
                            @if let Some(psid) = &active.psid { ", for " (psid) }
                        }
                        input type="hidden" name="place" value=(place);
                        button type="submit" data-testid="fault-off" { "Off" }
                    }
                }
            }
            @if faults.sends.is_empty() { li.none { "Everything works." } }
        }
    }
}

fn webhook_switches(faults: &WebhookFaults) -> Markup {
    let (low, high) = faults.delay_ms.unwrap_or_default();
    html! {
        form.webhooks #webhook-faults data-live method="post" action={ (PREFIX) "/faults/webhooks" } data-async {
            h2 { "When Meta tells the shop" }
            label { "Webhooks come late, between "
                input type="number" name="low" min="0" max="600000" value=(low); " and "
                input type="number" name="high" min="0" max="600000" value=(high); " ms" }
            label { input type="number" name="duplicate" min="0" max="100" value=(faults.duplicate_percent); " of 100 come twice" }
            label { input type="checkbox" name="reorder" value="true" checked[faults.reorder]; " They come in any order" }
            label { input type="checkbox" name="drop_echo" value="true" checked[faults.drop_echo]; " Echoes never come" }
            button type="submit" { "Apply" }
        }
    }
}

/// The switches in a customer's own menu.
pub(crate) fn customer_switches(faults: &Faults, customer: &Customer) -> Markup {
    html! {
        form method="post" action={ (PREFIX) "/c/" (customer.psid) "/fault" } data-async {
            @for fault in OF_CUSTOMER {
                @let on = faults.sends.iter().any(|active| is_of(active, fault, &customer.psid));
                button name="fault" value=(words::slug(fault)) type="submit" aria-pressed=(on) { (words::fault(fault)) }
            }
            @let held = customer.thread_owner.is_some();
            button name="fault" value="thread_held" type="submit" aria-pressed=(held) {
                @if held { "The chat is held by app " (customer.thread_owner.as_deref().unwrap_or_default()) }
                @else { (words::fault(SendFault::ThreadHeld)) }
            }
        }
    }
}

fn is_of(active: &ActiveFault, fault: SendFault, psid: &str) -> bool {
    active.fault == fault && active.psid.as_deref() == Some(psid)
}

fn by_slug(slug: &str) -> Option<SendFault> {
    SendFault::ALL.into_iter().find(|fault| words::slug(*fault) == slug)
}

#[derive(Deserialize)]
pub(crate) struct SwitchOn {
    fault: String,
    /// 0: until switched off.
    sends: u32,
}

pub(crate) async fn switch_on(State(simulator): State<Simulator>, headers: HeaderMap, Form(form): Form<SwitchOn>) -> Response {
    let Some(fault) = by_slug(&form.fault) else { return StatusCode::UNPROCESSABLE_ENTITY.into_response() };
    let mut faults = simulator.faults();
    faults.sends.push(if form.sends == 0 { ActiveFault::until_off(fault) } else { ActiveFault::next(form.sends, fault) });
    apply(&simulator, &headers, None, faults)
}

#[derive(Deserialize)]
pub(crate) struct SwitchOff {
    place: usize,
}

pub(crate) async fn switch_off(State(simulator): State<Simulator>, headers: HeaderMap, Form(form): Form<SwitchOff>) -> Response {
    let mut faults = simulator.faults();
    if form.place < faults.sends.len() {
        faults.sends.remove(form.place);
    }
    apply(&simulator, &headers, None, faults)
}

#[derive(Deserialize)]
pub(crate) struct Webhooks {
    low: u32,
    high: u32,
    duplicate: u8,
    #[serde(default)]
    reorder: bool,
    #[serde(default)]
    drop_echo: bool,
}

pub(crate) async fn webhooks(State(simulator): State<Simulator>, headers: HeaderMap, Form(form): Form<Webhooks>) -> Response {
    let mut faults = simulator.faults();
    faults.webhooks = WebhookFaults {
        delay_ms: (form.high > 0).then_some((form.low.min(form.high), form.high)),
        duplicate_percent: form.duplicate.min(100),
        reorder: form.reorder,
        drop_echo: form.drop_echo,
    };
    apply(&simulator, &headers, None, faults)
}

#[derive(Deserialize)]
pub(crate) struct OfCustomer {
    fault: String,
}

/// Turns a switch of one customer over.
pub(crate) async fn of_customer(
    State(simulator): State<Simulator>,
    Path(psid): Path<String>,
    headers: HeaderMap,
    Form(form): Form<OfCustomer>,
) -> Response {
    match by_slug(&form.fault) {
        Some(SendFault::ThreadHeld) => {
            let held = simulator.customers().map(|all| all.iter().any(|it| it.psid == psid && it.thread_owner.is_some()));
            let next = held.map(|held| (!held).then_some(PAGE_INBOX_APP_ID));
            let result = next.map_err(Into::into).and_then(|next| simulator.hand_thread_to(&psid, next));
            actions::done(&headers, Some(&psid), result)
        }
        Some(fault) => {
            let mut faults = simulator.faults();
            let before = faults.sends.len();
            faults.sends.retain(|active| !is_of(active, fault, &psid));
            if faults.sends.len() == before {
                faults.sends.push(ActiveFault::until_off(fault).to(&psid));
            }
            apply(&simulator, &headers, Some(&psid), faults)
        }
        None => StatusCode::UNPROCESSABLE_ENTITY.into_response(),
    }
}

fn apply(simulator: &Simulator, headers: &HeaderMap, psid: Option<&str>, faults: Faults) -> Response {
    actions::done(headers, psid, simulator.set_faults(faults).map_err(Into::into))
}
