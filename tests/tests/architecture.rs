//! The arrows of docs/ARCHITECTURE.md: who may depend on whom.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::path::Path;

use cargo_metadata::{DependencyKind, MetadataCommand};
use shopbell_tests::repository;

/// The packages of the workspace with their folder and what they depend on, tests apart.
fn packages() -> BTreeMap<String, (String, Vec<String>)> {
    let root = repository().canonicalize().unwrap();
    let metadata = MetadataCommand::new().manifest_path(root.join("Cargo.toml")).no_deps().exec().unwrap();
    let packages = metadata.packages.iter().map(|package| {
        let folder = package.manifest_path.parent().unwrap().as_std_path().strip_prefix(&root).unwrap();
        let normal = package.dependencies.iter().filter(|dependency| dependency.kind == DependencyKind::Normal);
        (package.name.to_string(), (shown(folder), normal.map(|dependency| dependency.name.clone()).collect()))
    });
    packages.collect()
}

fn shown(path: &Path) -> String {
    path.to_str().unwrap().to_owned()
}

#[test]
fn the_domain_knows_no_adapter_no_runtime_and_no_aws() {
    let packages = packages();
    let (_, domain) = &packages["domain"];
    for dependency in domain {
        assert!(!packages.contains_key(dependency), "domain depends on {dependency}");
        let forbidden = ["tokio", "reqwest", "hyper", "axum", "tracing", "lambda_http", "lambda_runtime", "futures", "rusqlite"];
        assert!(!forbidden.contains(&dependency.as_str()) && !dependency.starts_with("aws"), "domain depends on {dependency}");
    }
}

#[test]
fn functions_never_depend_on_one_another_and_adapters_never_on_functions() {
    let packages = packages();
    let is_function = |name: &String| packages.get(name).is_some_and(|(folder, _)| folder.starts_with("functions/"));
    for (name, (folder, dependencies)) in &packages {
        if folder.starts_with("functions/") || folder.starts_with("shared/") {
            let wrong: Vec<&String> = dependencies.iter().filter(|dependency| is_function(dependency)).collect();
            assert!(wrong.is_empty(), "{name} depends on {wrong:?}");
        }
    }
}

#[test]
fn only_the_local_stack_and_the_tests_see_everything_and_nothing_that_deploys_sees_them() {
    let packages = packages();
    for (name, (folder, dependencies)) in &packages {
        let deploys = folder.starts_with("functions/") || folder.starts_with("shared/");
        for dependency in dependencies {
            let Some((of, _)) = packages.get(dependency) else { continue };
            let is_local = of.starts_with("infra/") || of.starts_with("tests") || dependency == "testkit";
            assert!(!(deploys && is_local && name != "testkit"), "{name} deploys and depends on {dependency}");
        }
    }
}

#[test]
fn adapters_do_not_depend_on_one_another() {
    let packages = packages();
    // What every function needs at start is no adapter.
    let common = ["domain", "failpoint", "lambda-support"];
    for (name, (folder, dependencies)) in packages.iter().filter(|(_, (folder, _))| folder.starts_with("shared/")) {
        let wrong = dependencies.iter().filter(|dependency| packages.contains_key(*dependency) && !common.contains(&dependency.as_str()));
        assert_eq!(wrong.count(), 0, "{name} in {folder} depends on another adapter");
    }
}

/// What a build of a package, without its tests, is made of: each line a package or a feature of one.
fn built_of(package: &str, edges: &str) -> String {
    let cargo = std::process::Command::new(env!("CARGO"))
        .args(["tree", "--offline", "--locked", "--prefix", "none", "--package", package, "--edges", edges])
        .current_dir(repository())
        .output()
        .unwrap();
    assert!(cargo.status.success(), "{}", String::from_utf8_lossy(&cargo.stderr));
    String::from_utf8(cargo.stdout).unwrap()
}

#[test]
fn nothing_that_deploys_has_failpoints() {
    const ARMED: &str = "failpoint feature \"armed\"";
    let packages = packages();
    let functions: Vec<&String> =
        packages.iter().filter(|(_, (folder, _))| folder.starts_with("functions/")).map(|(name, _)| name).collect();
    assert!(functions.len() >= 5);
    for package in functions.into_iter().chain([&String::from("local-stack")]) {
        let built = built_of(package, "normal,build,features");
        assert!(built.contains("failpoint v") && !built.contains(ARMED), "{package}:\n{built}");
    }
    assert!(built_of("shopbell-tests", "normal,dev,features").contains(ARMED), "the tests do have them, so that this test can fail");
}

#[test]
fn main_wires_and_nothing_more() {
    for (name, (folder, _)) in packages().iter().filter(|(_, (folder, _))| folder.starts_with("functions/")) {
        let main = std::fs::read_to_string(repository().join(folder).join("src/main.rs")).unwrap();
        assert!(main.lines().count() < 40, "{name}: main.rs has {} lines", main.lines().count());
        for room in ["lib.rs", "config.rs"] {
            assert!(repository().join(folder).join("src").join(room).exists(), "{name} has no {room}");
        }
    }
}
