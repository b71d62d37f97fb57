//! `export` and `erase`: what is stored of one person on one Page.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use domain::erase::erase;
use domain::export::export;
use domain::id::ConversationId;
use domain::ports::History;
use domain::time::Timestamp;
use dynamodb_store::Table;
use lambda_support::aws::Aws;

use crate::arguments::Whose;
use crate::failure::Failure;
use crate::{Desk, config};

/// The name that stands for standard output.
const STANDARD_OUTPUT: &str = "-";

/// Only the owner may read an export.
const OWNER_ONLY: u32 = 0o600;

/// Writes everything that is stored of a conversation, a JSON record a line.
pub(crate) async fn export_to(desk: &mut Desk<'_>, whose: &Whose, file: &Path) -> Result<(), Failure> {
    let (table, id) = (table(desk)?, conversation(whose)?);
    let shown = file.display().to_string();
    desk.plan(&format!("write all that is stored of {id} to {shown}"));
    if !exists(desk, &table, &id).await? {
        return Ok(());
    }
    desk.confirm("Do it?")?;
    let lines = if shown == STANDARD_OUTPUT {
        export(&table, &id, &mut io::stdout()).await
    } else {
        let mut file = create(file)?;
        let lines = export(&table, &id, &mut file).await;
        file.flush().and_then(|()| file.sync_all()).map_err(|source| Failure::File { path: shown, source })?;
        lines
    };
    let lines = lines.map_err(Failure::Export)?;
    desk.done("export", &format!("{lines} records"));
    Ok(())
}

/// Erases a conversation once its id was typed.
pub(crate) async fn erase_for_ever(desk: &mut Desk<'_>, whose: &Whose, asked_at: Option<Timestamp>) -> Result<(), Failure> {
    let (table, id) = (table(desk)?, conversation(whose)?);
    let now = desk.clock.now();
    let asked_at = asked_at.unwrap_or(now);
    desk.plan(&format!("erase for ever all that is stored of {id} until {}; nothing brings it back", now.in_words()));
    exists(desk, &table, &id).await?;
    desk.confirm_by_typing(id.as_str())?;
    let erased = erase(&table, &id, asked_at, now).await.map_err(|source| Failure::Erase { asked_at, source })?;
    desk.done("erase", &format!("{} rows are gone; what is not younger than {} is not taken again", erased.rows, erased.erased_at));
    Ok(())
}

fn table(desk: &Desk<'_>) -> Result<Table, Failure> {
    Ok(config::table(desk.environment, &Aws::from_environment(desk.environment)?)?)
}

fn conversation(whose: &Whose) -> Result<ConversationId, Failure> {
    let of_person = || Some(ConversationId::of(whose.page.as_ref()?, whose.person.as_ref()?));
    let named = whose.conversation.clone().or_else(of_person);
    named.ok_or_else(|| Failure::Nothing(String::from("nobody is named; give --conversation, or --page and --person")))
}

/// Says whose conversation it is, and tells whether there is one.
async fn exists(desk: &mut Desk<'_>, table: &Table, id: &ConversationId) -> Result<bool, Failure> {
    let found = table.conversation(id).await?;
    let told = found.as_ref().map_or_else(
        || format!("There is no conversation {id}."),
        |conversation| format!("  {id} is of Page {}, last active {}", conversation.page, conversation.last_activity_at.in_words()),
    );
    desk.terminal.say(&told);
    Ok(found.is_some())
}

/// Makes a file that was not there before.
fn create(path: &Path) -> Result<File, Failure> {
    let made = OpenOptions::new().write(true).create_new(true).mode(OWNER_ONLY).open(path);
    made.map_err(|source| Failure::File { path: path.display().to_string(), source })
}
