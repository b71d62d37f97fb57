//! The table on the real engine, in memory, with the keys and indexes of `infra/data.yaml`.

mod calls;
mod contract;
mod engine;
mod items;
