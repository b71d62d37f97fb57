//! The port `Templates`: what is known of the templates of Pages.

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::types::AttributeValue;
use domain::id::PageId;
use domain::ports::StoreError;
use domain::template::{PageTemplate, Templates};

use crate::{Table, error, item, key};

impl Templates for Table {
    async fn templates(&self, page: &PageId) -> Result<Vec<PageTemplate>, StoreError> {
        let mut pages = self
            .client
            .query()
            .table_name(&self.name)
            .key_condition_expression("pk = :pk AND begins_with(sk, :page)")
            .expression_attribute_values(":pk", AttributeValue::S(key::TEMPLATES.into()))
            .expression_attribute_values(":page", AttributeValue::S(key::templates_prefix(page)))
            .into_paginator()
            .items()
            .send();
        let mut found = Vec::new();
        while let Some(item) = pages.next().await {
            let template = item::to_template(&item.map_err(error::of)?)?;
            // The id of one Page may be the beginning of another's key.
            if template.page == *page {
                found.push(template);
            }
        }
        Ok(found)
    }

    async fn put_template(&self, template: &PageTemplate) -> Result<bool, StoreError> {
        let set = "SET #schema = :schema, page_template = :template, told_at = :at";
        let mut update = self
            .client
            .update_item()
            .table_name(&self.name)
            .set_key(Some(item::key_of(&key::template(template))))
            .condition_expression("attribute_not_exists(told_at) OR told_at <= :at")
            .expression_attribute_names("#schema", "schema")
            .expression_attribute_values(":schema", AttributeValue::N(item::SCHEMA.into()))
            .expression_attribute_values(":template", item::encode(PageTemplate { has_button: None, ..template.clone() })?)
            .expression_attribute_values(":at", AttributeValue::N(template.at.as_millis().to_string()));
        update = match template.has_button {
            Some(has_button) => update
                .update_expression(format!("{set}, has_button = :has_button"))
                .expression_attribute_values(":has_button", AttributeValue::Bool(has_button)),
            None => update.update_expression(set),
        };
        match update.send().await {
            Ok(_) => Ok(true),
            Err(SdkError::ServiceError(service)) if service.err().is_conditional_check_failed_exception() => Ok(false),
            Err(other) => Err(error::of(other)),
        }
    }
}
