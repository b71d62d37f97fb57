//! Rollouts as JSON.

use domain::rollout::{Counters, LONGEST_SALT, Report, Rollout, Setting, Share, State, StopLimits, WINDOW};
use serde::{Deserialize, Serialize};
use serde_json::Number;
use utoipa::ToSchema;

use crate::problem::Failure;

/// A rollout as it should be; what is left out stays as it is, but for `percent`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RolloutRequestDto {
    /// May be left out while there is one Page only.
    pub(crate) page_id: Option<String>,
    /// The share of customers who are notified: 0 to 100, with two decimals at most.
    #[schema(value_type = f64, example = 5)]
    percent: Number,
    /// Another salt chooses other customers.
    salt: Option<String>,
    stop: Option<StopDto>,
}

/// When a rollout stops by itself.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct StopDto {
    /// Of how few notices nothing is concluded; 50 when nothing is said.
    least: u32,
    /// More than this share of customers who blocked the Page or said STOP stops it; 2 when nothing is said.
    #[schema(value_type = f64)]
    blocked_percent: Number,
    /// More than this share of notices that could not be sent stops it; 20 when nothing is said.
    #[schema(value_type = f64)]
    failed_percent: Number,
}

/// Notices for a share of the customers.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RolloutDto {
    #[schema(example = "rlt_4ZKQ8V9D6R3M1X5T7N2B0C8H6J")]
    id: String,
    page_id: String,
    /// `receipt` or `shipping`.
    #[serde(rename = "type")]
    kind: &'static str,
    #[schema(value_type = f64)]
    percent: Number,
    salt: String,
    /// `running` or `stopped`. While it is stopped nobody is notified.
    state: &'static str,
    /// Why it stopped, in plain words.
    #[serde(skip_serializing_if = "Option::is_none")]
    stopped_because: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stopped_at: Option<String>,
    stop: StopDto,
    created_at: String,
    changed_at: String,
}

/// What was counted of both arms.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ReportDto {
    rollout: RolloutDto,
    arms: ArmsDto,
    /// How many days after a notice what the customer does is counted.
    window_days: u64,
}

#[derive(Debug, Serialize, ToSchema)]
struct ArmsDto {
    notified: ArmDto,
    hold_out: ArmDto,
}

/// How many notices of an arm; each is counted once in each line.
#[derive(Debug, Serialize, ToSchema)]
struct ArmDto {
    chosen: u64,
    sent: u64,
    delivered: u64,
    read: u64,
    answered: u64,
    blocked: u64,
    failed: u64,
    cases_opened: u64,
}

impl TryFrom<RolloutRequestDto> for Setting {
    type Error = Failure;

    fn try_from(dto: RolloutRequestDto) -> Result<Self, Failure> {
        let salt = dto.salt.map(|salt| salt.trim().to_owned());
        if salt.as_ref().is_some_and(|salt| salt.is_empty() || salt.len() > LONGEST_SALT) {
            return Err(Failure::invalid("#/salt", format!("must have 1 to {LONGEST_SALT} bytes")));
        }
        let stop = dto.stop.map(StopLimits::try_from).transpose()?;
        Ok(Self { share: Some(share(&dto.percent, "#/percent")?), salt, stop })
    }
}

impl TryFrom<StopDto> for StopLimits {
    type Error = Failure;

    fn try_from(dto: StopDto) -> Result<Self, Failure> {
        if dto.least == 0 {
            return Err(Failure::invalid("#/stop/least", "must be at least 1"));
        }
        let blocked = share(&dto.blocked_percent, "#/stop/blocked_percent")?;
        Ok(Self { least: dto.least, blocked, failed: share(&dto.failed_percent, "#/stop/failed_percent")? })
    }
}

/// Reads a percentage by its digits.
fn share(percent: &Number, field: &str) -> Result<Share, Failure> {
    Share::parse_percent(&percent.to_string()).ok_or_else(|| Failure::invalid(field, "must be from 0 to 100, with two decimals at most"))
}

/// Writes a percentage as a number.
fn percent(share: Share) -> Number {
    share.to_string().parse().unwrap_or_else(|_| Number::from(0))
}

impl From<Rollout> for RolloutDto {
    fn from(rollout: Rollout) -> Self {
        let (state, stopped_because, stopped_at) = match rollout.state {
            State::Running => ("running", None, None),
            State::Stopped { reason, at } => ("stopped", Some(reason.words()), Some(at.to_rfc3339())),
        };
        let StopLimits { least, blocked, failed } = rollout.stop;
        Self {
            id: rollout.id.to_string(),
            page_id: rollout.page.to_string(),
            kind: rollout.kind.as_str(),
            percent: percent(rollout.share),
            salt: rollout.salt,
            state,
            stopped_because,
            stopped_at,
            stop: StopDto { least, blocked_percent: percent(blocked), failed_percent: percent(failed) },
            created_at: rollout.created_at.to_rfc3339(),
            changed_at: rollout.changed_at.to_rfc3339(),
        }
    }
}

impl ReportDto {
    pub(crate) fn of(rollout: Rollout, report: Report) -> Self {
        const DAY_SECONDS: u64 = 24 * 3600;
        let arms = ArmsDto { notified: report.notified.into(), hold_out: report.hold_out.into() };
        Self { rollout: rollout.into(), arms, window_days: WINDOW.as_secs() / DAY_SECONDS }
    }
}

impl From<Counters> for ArmDto {
    fn from(counters: Counters) -> Self {
        let Counters { chosen, sent, delivered, read, answered, blocked, failed, case_opened } = counters;
        Self { chosen, sent, delivered, read, answered, blocked, failed, cases_opened: case_opened }
    }
}
