//! Problems as JSON, for the document: `lambda_support::problem` writes them.

use utoipa::ToSchema;

/// What went wrong, RFC 9457: what happened, where, and what to do.
#[derive(ToSchema)]
#[expect(dead_code, reason = "only its shape is told")]
pub(crate) struct ProblemDto {
    /// `about:blank`: the status says the kind.
    #[schema(rename = "type", example = "about:blank")]
    kind: String,
    #[schema(example = "Unprocessable Content")]
    title: String,
    #[schema(example = 422)]
    status: u16,
    #[schema(example = "#/order/total must be a whole number of minor units (9134 for 91.34 EUR).")]
    detail: String,
    /// The fields that are wrong, when fields are.
    #[schema(required = false)]
    errors: Vec<FieldErrorDto>,
    /// What remains to be done, when the request is right and its moment is not.
    #[schema(required = false)]
    ways: Vec<RemainingWayDto>,
}

/// One field that is wrong.
#[derive(ToSchema)]
#[expect(dead_code, reason = "only its shape is told")]
struct FieldErrorDto {
    /// A JSON pointer into the body, or the name of a parameter or header.
    #[schema(example = "#/order/total")]
    field: String,
    #[schema(example = "must be a whole number of minor units (9134 for 91.34 EUR)")]
    detail: String,
}

/// A way that remains.
#[derive(ToSchema)]
#[expect(dead_code, reason = "only its shape is told")]
struct RemainingWayDto {
    /// `customer_writes` or `person_writes`.
    way: String,
    /// Until when, RFC 3339.
    #[schema(required = false)]
    until: String,
}
