//! What is known of the templates of Pages.

use domain::template::{PageTemplate, TemplateStatus};

use super::{Outcome, Store};
use crate::ids::{PAGE, at, page};

fn template(language: &str, status: TemplateStatus, seconds: u64) -> PageTemplate {
    PageTemplate {
        page: page(PAGE),
        name: "shopbell_shipped_v1".into(),
        language: language.into(),
        status,
        reason: None,
        has_button: None,
        at: at(seconds),
    }
}

pub async fn what_is_told_of_a_template_is_listed_by_its_page(store: &impl Store) -> Outcome {
    assert!(store.templates(&page(PAGE)).await?.is_empty());
    let rejected = PageTemplate { reason: Some("INCORRECT_PARAMS".into()), ..template("en", TemplateStatus::Rejected, 1) };
    let elsewhere = PageTemplate { page: page(&format!("{PAGE}0")), ..template("en", TemplateStatus::Approved, 1) };
    for template in [&rejected, &template("de", TemplateStatus::Approved, 1), &elsewhere] {
        assert!(store.put_template(template).await?);
    }
    assert_eq!(store.templates(&page(PAGE)).await?, [template("de", TemplateStatus::Approved, 1), rejected]);
    assert_eq!(store.templates(&elsewhere.page).await?, std::slice::from_ref(&elsewhere));
    Ok(())
}

pub async fn a_status_moves_only_forward_in_time(store: &impl Store) -> Outcome {
    assert!(store.put_template(&template("en", TemplateStatus::Approved, 10)).await?);
    assert!(!store.put_template(&template("en", TemplateStatus::Pending, 9)).await?, "it is older news");
    assert!(store.put_template(&template("en", TemplateStatus::Paused, 10)).await?, "within one second the last counts");
    assert_eq!(store.templates(&page(PAGE)).await?, [template("en", TemplateStatus::Paused, 10)]);
    Ok(())
}

pub async fn a_status_alone_leaves_what_is_known_of_the_button(store: &impl Store) -> Outcome {
    let listed = PageTemplate { has_button: Some(true), ..template("en", TemplateStatus::Pending, 10) };
    store.put_template(&listed).await?;
    store.put_template(&template("en", TemplateStatus::Approved, 20)).await?;
    let expected = PageTemplate { has_button: Some(true), ..template("en", TemplateStatus::Approved, 20) };
    assert_eq!(store.templates(&page(PAGE)).await?, [expected]);
    Ok(())
}
