//! Error bodies, as documented.
//!
//! <https://developers.facebook.com/documentation/business-messaging/messenger-platform/error-codes> (June 25, 2026)

use std::borrow::Cow;

use serde::Serialize;

use super::call::Call;

/// A refused call: what Meta answers, and, for whoever develops against it, why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) error: GraphError,
    pub(crate) status: u16,
    pub(crate) because: String,
}

/// The object under the key `error`, in Meta's order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct GraphError {
    message: Cow<'static, str>,
    #[serde(rename = "type")]
    kind: &'static str,
    pub(crate) code: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) error_subcode: Option<i64>,
    fbtrace_id: &'static str,
}

/// The trace id of errors that no documented body shows.
const SOME_TRACE: &str = "AmlqLReWwWwT3bWmsuI";

const OAUTH: &str = "OAuthException";
const GRAPH_METHOD: &str = "GraphMethodException";

/// Declares one documented body a line.
macro_rules! documented {
    ($($name:ident = $status:literal, $code:literal, $subcode:expr, $trace:literal, $message:literal;)+) => {
        $(pub(crate) const $name: (u16, GraphError) = ($status, GraphError {
            message: Cow::Borrowed($message), kind: OAUTH, code: $code, error_subcode: $subcode, fbtrace_id: $trace,
        });)+
    };
}

// Which HTTP status goes with which code is not documented (unconfirmed): clients should read the code. 401 for tokens, 403 for
// permissions, 5xx for transient ones, 400 for the rest is what Graph does as a rule.
documented! {
    INVALID_PARAMETER = 400, 100, None, "AmlqLReWwWwT3bWmsuI", "(#100) Invalid parameter";
    NO_MATCHING_USER = 400, 100, Some(2_018_001), "A2xbx9I9Uv9uFMrtbDM", "(#100) No matching user found";
    FETCH_FAILED = 400, 100, Some(2_018_008), "AaoyTAbQSIhCRL5D7x7", "(#100) Failed to fetch the file from the url";
    TEMPLATE_CHARACTERS = 400, 100, Some(1_893_043), "AXirmvcq0eORGqkiQjw", "Special characters not allowed in template parameter";
    OUTSIDE_WINDOW = 403, 10, Some(2_018_278), "ANx0QPjCXbYwrGxlTcn", "(#10) This message is sent outside of allowed window.";
    THREAD_HELD = 403, 10, Some(2_018_300), "A_GaoNXtANzDZuGhdOa",
        "(#10) Message failed to send because another app is controlling this thread now.";
    PAGE_RESTRICTED = 403, 10, Some(1_893_063), "ARjnVEg7B53FYij9Ry_", "You are temporarily restricted from sending messages.";
    UNAVAILABLE = 400, 551, Some(1_545_041), "A3_Ej_y9-QtU7CrAcy3", "(#551) This person isn't available right now.";
    RATE_LIMIT = 400, 613, None, "ArrQbx0dUWKYbWLzR4u", "(#613) Calls to this api have exceeded the rate limit.";
    TOO_MANY_REQUESTS = 429, 4, None, "ANdyHI4KocBlIWS4Pcx", "(#4) Application request limit reached";
    UNEXPECTED = 500, 2, None, "ARaLm8Cb9rNCSNuz7oe", "An unexpected error has occurred. Please retry your request later.";
    INVALID_REPLY = 500, 1, Some(1_357_046), "AArp0FfYCkSWh8Mp9CY", "Received invalid JSON reply.";
    TEMPORARY = 500, 1200, None, "AbQ-f7YyWR1aawC41W3", "Temporary send message failure. Please try again later.";
    TOKEN_INVALIDATED = 401, 190, Some(460), "ACYdSr0IOWZFtzPVxx5",
        "Error validating access token: The session has been invalidated because the user changed their password";
    // Message texts from here on are from general knowledge: unconfirmed.
    TOKEN_UNKNOWN = 401, 190, None, "AmlqLReWwWwT3bWmsuI", "Invalid OAuth access token - Cannot parse access token";
    TOKEN_MISSING = 401, 104, None, "AmlqLReWwWwT3bWmsuI", "An access token is required to request this resource.";
    ATTACHMENT_UNKNOWN = 400, 100, Some(2_018_074), "AmlqLReWwWwT3bWmsuI", "(#100) Invalid attachment_id";
    MEDIA_EXTERNAL = 400, 100, Some(2_018_185), "AmlqLReWwWwT3bWmsuI", "(#100) Invalid media URL: only facebook.com is allowed";
    MESSAGE_GONE = 400, 9_000_001, None, "AmlqLReWwWwT3bWmsuI", "(#9000001) The message has been deleted";
    CALLBACK_REFUSED = 400, 2200, None, "AmlqLReWwWwT3bWmsuI", "(#2200) Callback verification failed";
    NOT_THREAD_OWNER = 400, 100, Some(2_534_037), "AmlqLReWwWwT3bWmsuI", "(#100) The app is not the thread owner";
}

impl Refusal {
    /// Answers with a documented body.
    pub(crate) fn of((status, error): (u16, GraphError), because: impl Into<String>) -> Self {
        Self { error, status, because: because.into() }
    }

    /// Code 100 without a subcode: all that Meta says about most mistakes in a request.
    pub(crate) fn invalid(because: impl Into<String>) -> Self {
        Self::of(INVALID_PARAMETER, because)
    }

    /// The proof over the token is wrong, or missing where it is required.
    pub(crate) fn bad_proof(missing: bool) -> Self {
        let message = if missing {
            "API calls from the server require an appsecret_proof argument"
        } else {
            "Invalid appsecret_proof provided in the API argument"
        };
        Self::of((400, plain(GRAPH_METHOD, 100, None, message)), message)
    }

    /// There is no such path.
    pub(crate) fn unknown_path(call: &Call) -> Self {
        let path = call.path();
        let message = format!("Unknown path components: {path}");
        Self::of((400, plain(OAUTH, 2500, None, message)), format!("nothing is at {} {path}", call.method()))
    }

    /// The id names nothing that this token may see.
    pub(crate) fn no_such_object(call: &Call, id: &str) -> Self {
        let message = format!(
            "Unsupported {} request. Object with ID '{id}' does not exist, cannot be loaded due to missing permissions, or does not \
             support this operation",
            call.method().to_ascii_lowercase()
        );
        Self::of((400, plain(GRAPH_METHOD, 100, Some(33), message)), "the id is not the token's Page and nothing that it owns")
    }
}

fn plain(kind: &'static str, code: i64, error_subcode: Option<i64>, message: impl Into<Cow<'static, str>>) -> GraphError {
    GraphError { message: message.into(), kind, code, error_subcode, fbtrace_id: SOME_TRACE }
}
