//! Who calls: a Page by its token, or the app by `id|secret`.
//!
//! <https://developers.facebook.com/documentation/facebook-login/guides/access-tokens/get-long-lived>

use serde_json::{Value, json};

use super::answer::Failure;
use super::call::Call;
use super::errors::{self, Refusal};
use crate::settings::PageSettings;
use crate::simulator::Simulator;
use crate::webhooks::sign;

/// How long a proof with a time stays good.
const PROOF_SECONDS: i64 = 300;

/// Whose token a call carries.
#[derive(Debug)]
pub(crate) enum Caller {
    Page(PageSettings),
    App,
}

impl Caller {
    pub(crate) fn page(&self) -> Option<&PageSettings> {
        match self {
            Self::Page(page) => Some(page),
            Self::App => None,
        }
    }
}

/// Checks the token and the proof over it.
pub(crate) fn caller(simulator: &Simulator, call: &Call) -> Result<Caller, Refusal> {
    let token = call.token().ok_or_else(|| Refusal::of(errors::TOKEN_MISSING, "no access token"))?;
    let caller = owner(simulator, token).ok_or_else(|| Refusal::of(errors::TOKEN_UNKNOWN, "the access token is not known"))?;
    if matches!(caller, Caller::Page(_)) && simulator.faults().token_is_dead() {
        return Err(Refusal::of(errors::TOKEN_INVALIDATED, "fault: the token is dead"));
    }
    prove(simulator, call, token)?;
    Ok(caller)
}

fn owner(simulator: &Simulator, token: &str) -> Option<Caller> {
    let settings = simulator.settings();
    if token == format!("{}|{}", settings.app_id, settings.app_secret) {
        return Some(Caller::App);
    }
    settings.pages.iter().find(|page| page.token == token).cloned().map(Caller::Page)
}

fn prove(simulator: &Simulator, call: &Call, token: &str) -> Result<(), Refusal> {
    let settings = simulator.settings();
    let Some(proof) = call.param("appsecret_proof") else {
        return if settings.require_proof { Err(Refusal::bad_proof(true)) } else { Ok(()) };
    };
    let message = match call.param("appsecret_time") {
        None => token.to_owned(),
        Some(time) => {
            let age = time.parse().map(|time: i64| simulator.now_ms() / 1_000 - time);
            if !age.is_ok_and(|age| age.abs() <= PROOF_SECONDS) {
                return Err(Refusal::bad_proof(false));
            }
            format!("{token}|{time}")
        }
    };
    if sign::hmac_hex(&settings.app_secret, message.as_bytes()) == proof { Ok(()) } else { Err(Refusal::bad_proof(false)) }
}

/// `GET /debug_token`: says whether a token is alive and whose it is.
pub(crate) fn debug_token(simulator: &Simulator, call: &Call) -> Result<Value, Failure> {
    let input = call.param("input_token").ok_or_else(|| Refusal::invalid("input_token is missing"))?;
    let dead = simulator.faults().token_is_dead();
    let app_id = &simulator.settings().app_id;
    let data = match owner(simulator, input) {
        Some(Caller::Page(page)) if !dead => json!({
            "app_id": app_id, "type": "PAGE", "application": "Shopbell", "is_valid": true, "expires_at": 0, "profile_id": page.id,
            "scopes": ["pages_messaging", "pages_manage_metadata", "pages_show_list", "pages_utility_messaging"],
        }),
        Some(Caller::App) => json!({"app_id": app_id, "type": "APP", "application": "Shopbell", "is_valid": true, "scopes": []}),
        Some(Caller::Page(_)) => json!({
            "app_id": app_id, "is_valid": false, "scopes": [],
            "error": {"code": 190, "subcode": 460, "message": "Error validating access token: The session has been invalidated \
                       because the user changed their password"},
        }),
        None => json!({
            "is_valid": false, "scopes": [], "error": {"code": 190, "message": "Invalid OAuth access token - Cannot parse access token"},
        }),
    };
    Ok(json!({"data": data}))
}
