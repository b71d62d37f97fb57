//! Journeys, template, architecture, golden payloads.
