//! The name of a person, when Meta tells it.
//!
//! <https://developers.facebook.com/documentation/business-messaging/messenger-platform/identity/user-profile>

use domain::id::{PageId, UserId};
use domain::ports::{ProfileApi, ProfileError};
use reqwest::Method;

use crate::answer::{Answer, SHORT};
use crate::call::Call;
use crate::client::GraphApi;
use crate::errors::{self, GraphError};

/// People who signed up with a phone number have no profile. Whether this comes as code or as subcode is unconfirmed: either is taken.
const NO_PROFILE: i64 = 2_018_218;
/// "Object does not exist, cannot be loaded due to missing permissions, …": what Meta says of a person whom this app may not see.
const NOT_VISIBLE: (i64, Option<i64>) = (100, Some(33));

impl ProfileApi for GraphApi {
    async fn name(&self, page: &PageId, user: &UserId) -> Result<Option<String>, ProfileError> {
        let credentials = self.credentials(page).map_err(|missing| ProfileError::Refused { reason: missing.to_string() })?;
        let call = Call {
            name: "profile",
            page,
            method: Method::GET,
            path: &[user.as_str()],
            query: &[("fields", "name,first_name,last_name")],
            body: None,
            longest_answer: SHORT,
        };
        // Asking twice does no harm: whether the question arrived does not matter.
        let answer = self
            .call(call, credentials)
            .await
            .map_err(|error| ProfileError::Unavailable { reason: format!("{error} ({})", error.cause()) })?;
        told(&answer)
    }
}

fn told(answer: &Answer) -> Result<Option<String>, ProfileError> {
    match &answer.error {
        Some(error) if is_withheld(error) => Ok(None),
        None if answer.status.is_success() && answer.body.is_some() => Ok(name(answer)),
        Some(_) | None => Err(errors::profile_error(answer)),
    }
}

fn is_withheld(error: &GraphError) -> bool {
    error.code == NO_PROFILE || error.subcode == Some(NO_PROFILE) || (error.code, error.subcode) == NOT_VISIBLE
}

/// Returns nothing for `{}`, which is Meta's answer when the app lacks Business Asset User Profile Access.
fn name(answer: &Answer) -> Option<String> {
    let whole = answer.text("name").map(str::to_owned);
    whole.or_else(|| {
        let parts: Vec<&str> = ["first_name", "last_name"].into_iter().filter_map(|part| answer.text(part)).collect();
        (!parts.is_empty()).then(|| parts.join(" "))
    })
}
