//! The OpenAPI document, made of the routes and shapes themselves.

use lambda_support::problem::MEDIA_TYPE;
use utoipa::openapi::path::Operation;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{Content, PathItem, Ref, RefOr, Response};
use utoipa::{Modify, OpenApi, ToSchema};

use crate::dto::problem::ProblemDto;
use crate::routes::{consents, conversations, decisions, links, messages, notifications, orders, pages, rollouts, webhook_endpoints};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Shopbell",
        description = "The open line between a shop and its customers in Messenger. Errors are `application/problem+json` (RFC 9457); \
                       times are RFC 3339 in UTC; lists are `{data, next_cursor}`."
    ),
    paths(conversations::list, conversations::show, conversations::decide, messages::list, messages::reply, decisions::resend, decisions::discard, notifications::notify, notifications::show, orders::show, pages::list, pages::resume, links::make, consents::list, consents::note, rollouts::list, rollouts::show, rollouts::set, rollouts::report, rollouts::stop, rollouts::resume,
        webhook_endpoints::list, webhook_endpoints::create, webhook_endpoints::show, webhook_endpoints::change, webhook_endpoints::remove,
        webhook_endpoints::rotate_secret, webhook_endpoints::test, webhook_endpoints::deliveries, webhook_endpoints::replay,
        webhook_endpoints::replay_failed),
    components(schemas(ProblemDto)),
    modifiers(&Key, &Throughout)
)]
struct Document;

struct Key;

impl Modify for Key {
    fn modify(&self, openapi: &mut utoipa::openapi::OpenApi) {
        let scheme = SecurityScheme::Http(HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build());
        openapi.components.get_or_insert_default().add_security_scheme("key", scheme);
    }
}

/// What is the same for all operations: which refusals any of them may meet, what each status says, and how an error looks.
struct Throughout;

/// What any operation may answer, and what one with a body may answer besides.
const ANY: [&str; 3] = ["401", "403", "503"];
const WITH_A_BODY: [&str; 4] = ["400", "413", "415", "422"];

impl Modify for Throughout {
    fn modify(&self, openapi: &mut utoipa::openapi::OpenApi) {
        for operation in openapi.paths.paths.values_mut().flat_map(operations) {
            name(operation);
            add_refusals(operation);
            for (status, response) in &mut operation.responses.responses {
                if let RefOr::T(response) = response {
                    complete(status, response);
                }
            }
        }
    }
}

fn operations(path: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    [&mut path.get, &mut path.put, &mut path.post, &mut path.delete, &mut path.patch].into_iter().flatten()
}

/// Makes an operation's id unique: several resources have a `list`.
fn name(operation: &mut Operation) {
    let Some(tag) = operation.tags.iter().flatten().next() else { return };
    let id = operation.operation_id.as_deref().unwrap_or_default();
    operation.operation_id = Some(format!("{}_{id}", tag.replace(' ', "_")));
}

fn add_refusals(operation: &mut Operation) {
    let of_body: &[&str] = if operation.request_body.is_some() { &WITH_A_BODY } else { &[] };
    for status in ANY.iter().chain(of_body) {
        operation.responses.responses.entry((*status).to_owned()).or_insert_with(|| RefOr::T(Response::new("")));
    }
}

/// Says what a status means where the operation does not, and how its error looks.
fn complete(status: &str, response: &mut Response) {
    if response.description.is_empty() {
        meaning(status).clone_into(&mut response.description);
    }
    if status.starts_with(['4', '5']) {
        let schema = Ref::from_schema_name(ProblemDto::name());
        response.content.insert(MEDIA_TYPE.to_owned(), RefOr::T(Content::new(Some(schema))));
    }
}

fn meaning(status: &str) -> &'static str {
    match status {
        "200" => "as it is now",
        "201" => "it is made",
        "202" => "it is taken and goes on by itself",
        "204" => "it is gone",
        "400" => "the body is no JSON",
        "401" => "no key, or one that is none of this shop's",
        "403" => "the key does not carry the scope",
        "404" => "there is no such thing",
        "409" => "it cannot be done now",
        "413" => "the body is larger than 256 KiB",
        "415" => "the body is not sent as `application/json`",
        "422" => "a field, a parameter or a header is wrong; `errors` names it",
        "429" => "too much waits to leave already",
        "503" => "the store or a queue did not answer; send the request again",
        _ => "see the status",
    }
}

pub(crate) fn document() -> String {
    Document::openapi().to_json().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};
    use std::path::Path;

    use lambda_support::problem::Problem;
    use serde::de::DeserializeOwned;
    use serde_json::{Map, Value, json};

    use super::*;
    use crate::dto::consent::ConsentRequestDto;
    use crate::dto::conversation::DecisionDto;
    use crate::dto::link::LinkRequestDto;
    use crate::dto::message::{AuthorDto, ReplyDto};
    use crate::dto::notification_request::{
        OrderNumberDto, OrderRequestDto, ParcelNewsDto, PassedConsentDto, ReceiptRequestDto, RecipientDto, ShippingRequestDto,
    };
    use crate::dto::rollout::RolloutRequestDto;
    use crate::dto::webhook_endpoint::{ChangeEndpointDto, NewEndpointDto, ReplayDto};

    fn read() -> Value {
        serde_json::from_str(&document()).unwrap()
    }

    /// Every operation with its method and path.
    fn all(document: &Value) -> Vec<(String, &Value)> {
        let mut all = Vec::new();
        for (path, item) in document["paths"].as_object().unwrap() {
            for (method, operation) in item.as_object().unwrap() {
                all.push((format!("{method} {path}"), operation));
            }
        }
        all
    }

    /// The operation `post /v1/links`.
    fn operation<'a>(document: &'a Value, name: &str) -> &'a Value {
        let (method, path) = name.split_once(' ').unwrap();
        &document["paths"][path][method]
    }

    fn responses(operation: &Value) -> &Map<String, Value> {
        operation["responses"].as_object().unwrap()
    }

    /// Returns a schema, or what it refers to.
    fn followed<'a>(document: &'a Value, schema: &'a Value) -> &'a Value {
        match schema["$ref"].as_str() {
            Some(reference) => document.pointer(reference.trim_start_matches('#')).unwrap(),
            None => schema,
        }
    }

    fn body<'a>(document: &'a Value, name: &str) -> &'a Value {
        followed(document, &operation(document, name)["requestBody"]["content"]["application/json"]["schema"])
    }

    fn properties(schema: &Value) -> BTreeSet<&str> {
        schema["properties"].as_object().unwrap().keys().map(String::as_str).collect()
    }

    /// Every `$ref`, wherever it stands.
    fn references(value: &Value, found: &mut BTreeSet<String>) {
        if let Some(reference) = value["$ref"].as_str() {
            found.insert(reference.to_owned());
        }
        let fields = value.as_object().into_iter().flat_map(Map::values);
        for inner in fields.chain(value.as_array().into_iter().flatten()) {
            references(inner, found);
        }
    }

    #[test]
    fn every_response_is_described_and_every_error_is_a_problem() {
        let document = read();
        let problem = json!({ "schema": { "$ref": "#/components/schemas/ProblemDto" } });
        for (name, operation) in all(&document) {
            for (status, response) in responses(operation) {
                assert!(response["description"].as_str().is_some_and(|words| !words.is_empty()), "{name} {status}");
                if status.starts_with(['4', '5']) {
                    assert_eq!(response["content"], json!({ MEDIA_TYPE: problem }), "{name} {status}");
                }
            }
        }
    }

    #[test]
    fn what_stands_at_the_operation_is_said_there() {
        let document = read();
        let conflict = &responses(operation(&document, "post /v1/pages/{id}/resume"))["404"];
        assert_eq!(conflict["description"], "it is not on hold");
    }

    #[test]
    fn whatever_takes_a_body_tells_how_it_is_refused() {
        let document = read();
        for (name, operation) in all(&document) {
            let told: BTreeSet<&str> = responses(operation).keys().map(String::as_str).collect();
            let of_body: &[&str] = if operation.get("requestBody").is_some() { &WITH_A_BODY } else { &[] };
            assert!(ANY.iter().chain(of_body).all(|status| told.contains(status)), "{name}: {told:?}");
        }
    }

    #[test]
    fn a_problem_has_the_fields_that_it_is_written_with() {
        let document = read();
        let schema = &document["components"]["schemas"]["ProblemDto"];
        let written = serde_json::to_value(Problem::new(422, "").at("#", "").or("customer_writes", Some(String::new()))).unwrap();
        let keys = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<BTreeSet<_>>();
        assert_eq!(keys(&schema["properties"]), keys(&written));
        for list in ["errors", "ways"] {
            let element = followed(&document, &schema["properties"][list]["items"]);
            assert_eq!(keys(&element["properties"]), keys(&written[list][0]), "{list}");
        }
        assert_eq!(schema["required"], json!(["type", "title", "status", "detail"]));
    }

    #[test]
    fn each_operation_has_a_name_of_its_own_and_declares_the_parameters_of_its_path() {
        let document = read();
        let mut ids = BTreeSet::new();
        for (name, operation) in all(&document) {
            assert!(ids.insert(operation["operationId"].as_str().unwrap()), "{name}: {}", operation["operationId"]);
            let none = Vec::new();
            let parameters = operation["parameters"].as_array().unwrap_or(&none);
            let in_path = parameters.iter().filter(|parameter| parameter["in"] == "path");
            assert!(in_path.clone().all(|parameter| parameter["required"] == true), "{name}");
            let declared: BTreeSet<&str> = in_path.filter_map(|parameter| parameter["name"].as_str()).collect();
            let named: BTreeSet<&str> = name.split('{').skip(1).filter_map(|rest| rest.split('}').next()).collect();
            assert_eq!(declared, named, "{name}");
        }
    }

    #[test]
    fn whatever_is_referred_to_is_there_under_a_name_that_may_be() {
        let document = read();
        let mut found = BTreeSet::new();
        references(&document, &mut found);
        for reference in found {
            assert!(document.pointer(reference.trim_start_matches('#')).is_some(), "{reference}");
        }
        let may_be = |name: &str| name.chars().all(|letter| letter.is_ascii_alphanumeric() || matches!(letter, '.' | '-' | '_'));
        assert!(document["components"]["schemas"].as_object().unwrap().keys().all(|name| may_be(name)));
    }

    #[test]
    fn a_body_is_documented_as_it_is_read() {
        let document = read();
        for (name, schema) in [
            ("patch /v1/conversations/{id}", DecisionDto::name()),
            ("post /v1/conversations/{id}/messages", ReplyDto::name()),
            ("post /v1/links", LinkRequestDto::name()),
            ("post /v1/consents", ConsentRequestDto::name()),
            ("put /v1/rollouts/{id}", RolloutRequestDto::name()),
            ("post /v1/webhook-endpoints", NewEndpointDto::name()),
            ("patch /v1/webhook-endpoints/{id}", ChangeEndpointDto::name()),
            ("post /v1/webhook-endpoints/{id}/deliveries/replay", ReplayDto::name()),
        ] {
            assert_eq!(properties(body(&document, name)), properties(&document["components"]["schemas"][&*schema]), "{name}");
        }
        as_it_is_read::<DecisionDto>(&document);
        as_it_is_read::<ReplyDto>(&document);
        as_it_is_read::<AuthorDto>(&document);
        as_it_is_read::<LinkRequestDto>(&document);
        as_it_is_read::<ConsentRequestDto>(&document);
        as_it_is_read::<RolloutRequestDto>(&document);
        as_it_is_read::<NewEndpointDto>(&document);
        as_it_is_read::<ChangeEndpointDto>(&document);
        as_it_is_read::<ReplayDto>(&document);
        as_it_is_read::<ReceiptRequestDto>(&document);
        as_it_is_read::<ShippingRequestDto>(&document);
        as_it_is_read::<OrderRequestDto>(&document);
        as_it_is_read::<OrderNumberDto>(&document);
        as_it_is_read::<RecipientDto>(&document);
        as_it_is_read::<PassedConsentDto>(&document);
        as_it_is_read::<ParcelNewsDto>(&document);
    }

    /// serde names the fields that it knows when it meets one that it does not.
    fn as_it_is_read<T: DeserializeOwned + ToSchema>(document: &Value) {
        let Err(refused) = serde_json::from_str::<T>(r#"{"?": 0}"#) else { panic!("{} takes any field", T::name()) };
        let words = refused.to_string();
        // What stands between backticks: the unknown field, then those that are known.
        let known: BTreeSet<&str> = words.split('`').skip(3).step_by(2).collect();
        assert_eq!(properties(&document["components"]["schemas"][&*T::name()]), known, "{}: {words}", T::name());
    }

    #[test]
    fn a_notification_is_one_of_two_by_its_type() {
        let document = read();
        let schema = body(&document, "post /v1/notifications");
        let of = |name: &str| json!({ "$ref": format!("#/components/schemas/{name}") });
        assert_eq!(schema["oneOf"], json!([of("ReceiptRequestDto"), of("ShippingRequestDto")]));
        assert_eq!(schema["discriminator"]["propertyName"], "type");
        for (kind, variant) in [("receipt", &schema["oneOf"][0]), ("shipping", &schema["oneOf"][1])] {
            assert_eq!(schema["discriminator"]["mapping"][kind], variant["$ref"]);
            let variant = followed(&document, variant);
            assert_eq!(variant["properties"]["type"]["enum"], json!([kind]));
            assert!(variant["required"].as_array().unwrap().contains(&json!("type")), "{kind}");
            let consent = properties(followed(&document, &variant["properties"]["consent"]));
            assert!(consent.contains("words") && !consent.contains("id"), "{consent:?}");
        }
        let shipping = followed(&document, &schema["oneOf"][1]);
        let parcel = properties(followed(&document, &shipping["properties"]["parcel"]));
        assert!(parcel.contains("occurred_at") && !parcel.contains("changed_at"), "{parcel:?}");
        assert!(properties(body(&document, "patch /v1/conversations/{id}")).contains("status"));
    }

    /// Two types of one name are one schema, and one of them is told wrongly.
    #[test]
    fn no_two_shapes_have_the_same_name() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/dto");
        let mut places: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for file in std::fs::read_dir(folder).unwrap() {
            let file = file.unwrap().path();
            let source = std::fs::read_to_string(&file).unwrap();
            for name in shapes(&source) {
                places.entry(name.to_owned()).or_default().push(file.display().to_string());
            }
        }
        assert!(places.len() > 40, "{places:?}");
        places.retain(|_, files| files.len() > 1);
        assert!(places.is_empty(), "{places:?}");
    }

    /// Returns the types of a file that have a schema.
    fn shapes(source: &str) -> Vec<&str> {
        let mut is_shape = false;
        let mut names = Vec::new();
        for line in source.lines() {
            is_shape |= line.starts_with("#[derive(") && line.contains("ToSchema");
            let item = line.trim_start_matches("pub(crate) ");
            let Some(rest) = item.strip_prefix("struct ").or_else(|| item.strip_prefix("enum ")) else { continue };
            if std::mem::take(&mut is_shape) {
                names.extend(rest.split(|letter: char| !letter.is_alphanumeric()).next());
            }
        }
        names
    }
}
