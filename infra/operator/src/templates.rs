//! `templates`: brings the utility templates of notices onto a Page, and notes which of them Meta has approved. What stands is left alone, so
//! that a second run creates nothing.

use domain::id::PageId;
use domain::template::catalogue::{self, LeadsTo, Wording};
use domain::template::{PageTemplate, TemplateStatus, Templates};
use graph_api::setup::SetupApi;
use graph_api::templates::ListedTemplate;
use lambda_support::aws::Aws;

use crate::failure::Failure;
use crate::{Desk, config, page_secrets};

/// What is wanted on the Page.
pub(crate) struct Wanted {
    /// Every language when there is none.
    pub(crate) languages: Vec<String>,
    pub(crate) order_url: Option<String>,
    pub(crate) tracking_url: Option<String>,
}

impl Wanted {
    fn base(&self, wording: &Wording) -> Option<&str> {
        match wording.leads_to {
            LeadsTo::Order => self.order_url.as_deref(),
            LeadsTo::Parcel => self.tracking_url.as_deref(),
        }
    }
}

/// A template of the catalogue in one language.
type InLanguage = (&'static str, &'static Wording);

pub(crate) async fn templates(desk: &mut Desk<'_>, page: &PageId, wanted: &Wanted) -> Result<(), Failure> {
    let ours = of_catalogue(&wanted.languages)?;
    let aws = Aws::from_environment(desk.environment)?;
    let table = config::table(desk.environment, &aws)?;
    let secrets = page_secrets::read(desk.environment, &aws, page).await?;
    let app_secret = secrets.app_secret.ok_or_else(|| Failure::Nothing(String::from("there is no app secret; connect the Page first")))?;
    let api = SetupApi::new(config::graph_url(desk.environment), page.clone(), &secrets.token, app_secret)?;

    let listed = api.templates().await?;
    let missing = announce(desk, &ours, &listed, wanted);
    if !missing.is_empty() {
        desk.confirm("Do it?")?;
    }
    for (language, wording) in &missing {
        let status = api.create_template(wording, language, wanted.base(wording)).await?;
        desk.done(&shown(&wording.name, language), TemplateStatus::parse(&status).as_str());
    }
    let listed = if missing.is_empty() { listed } else { api.templates().await? };
    note(desk, &table, page, &listed).await
}

/// Lists the catalogue in these languages, or in all.
fn of_catalogue(languages: &[String]) -> Result<Vec<InLanguage>, Failure> {
    let known: Vec<&str> = catalogue::languages().iter().map(|it| it.language.as_str()).collect();
    if let Some(unknown) = languages.iter().find(|language| !known.contains(&language.as_str())) {
        return Err(Failure::Nothing(format!("infra/templates has no {unknown}; it has {}", known.join(", "))));
    }
    let chosen = catalogue::languages().iter().filter(|it| languages.is_empty() || languages.contains(&it.language));
    Ok(chosen.flat_map(|it| it.templates.values().map(|wording| (it.language.as_str(), wording))).collect())
}

/// Says what stands and what will be created; returns the latter.
fn announce(desk: &mut Desk<'_>, ours: &[InLanguage], listed: &[ListedTemplate], wanted: &Wanted) -> Vec<InLanguage> {
    let mut missing = Vec::new();
    for (language, wording) in ours {
        let name = shown(&wording.name, language);
        if let Some(template) = listed.iter().find(|it| it.name == wording.name && it.language == *language) {
            desk.stands(&format!("{name}: {}", standing(template)));
        } else {
            let button =
                wanted.base(wording).map_or_else(|| String::from("without a button"), |base| format!("its button leads to {base}"));
            desk.plan(&format!("create {name}, {button}"));
            missing.push((*language, *wording));
        }
    }
    missing
}

/// Writes the status of each template of ours that stands on the Page.
async fn note(desk: &mut Desk<'_>, table: &impl Templates, page: &PageId, listed: &[ListedTemplate]) -> Result<(), Failure> {
    let now = desk.clock.now();
    let (mut noted, mut approved) = (0_usize, 0_usize);
    for template in listed.iter().filter(|template| catalogue::kind_of(&template.name).is_some()) {
        let (status, reason) = judged(template);
        let row = PageTemplate {
            page: page.clone(),
            name: template.name.clone(),
            language: template.language.clone(),
            status,
            reason,
            has_button: Some(template.has_button),
            at: now,
        };
        if row.is_bounded() {
            table.put_template(&row).await?;
            noted += 1;
            approved += usize::from(status == TemplateStatus::Approved);
        }
    }
    desk.done("templates", &format!("{noted} of ours stand on Page {page}, {approved} of them approved"));
    Ok(())
}

fn shown(name: &str, language: &str) -> String {
    format!("template {name} ({language})")
}

fn standing(template: &ListedTemplate) -> String {
    let (status, reason) = judged(template);
    reason.map_or_else(|| status.as_str().to_owned(), |reason| format!("{}, {reason}", status.as_str()))
}

/// Returns the status with Meta's reason. A template whose blanks are not the catalogue's cannot be filled, whatever Meta says of it.
fn judged(template: &ListedTemplate) -> (TemplateStatus, Option<String>) {
    let wording = catalogue::kind_of(&template.name)
        .and_then(|kind| catalogue::language(Some(&template.language)).and_then(|language| language.templates.get(&kind)));
    match wording {
        Some(wording) if wording.blanks() != template.blanks => {
            let reason = format!("its blanks are {} and not {}", template.blanks.join(", "), wording.blanks().join(", "));
            (TemplateStatus::Unknown, Some(reason))
        }
        Some(_) | None => (TemplateStatus::parse(&template.status), template.reason.clone()),
    }
}
