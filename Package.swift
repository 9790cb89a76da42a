// swift-tools-version: 6.2
import PackageDescription

let house: [SwiftSetting] = [
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    // Debug builds check exclusive access at run time, tests included; in release the checks were a sixth of the folds.
    .unsafeFlags(["-enforce-exclusivity=unchecked"], .when(configuration: .release)),
]

func module(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: house)
}

func tests(_ name: String, _ dependencies: [Target.Dependency], path: String? = nil) -> Target {
    .testTarget(name: name, dependencies: dependencies, path: path, swiftSettings: house)
}

let package = Package(
    name: "freshet",
    products: [.executable(name: "freshet", targets: ["freshet"])],
    targets: [
        // System libraries from the distribution; each has one importer.
        .systemLibrary(name: "CRdKafka", pkgConfig: "rdkafka", providers: [.apt(["librdkafka-dev"])]),
        .systemLibrary(name: "CMicroHTTPD", pkgConfig: "libmicrohttpd", providers: [.apt(["libmicrohttpd-dev"])]),
        .systemLibrary(name: "CYAML", pkgConfig: "yaml-0.1", providers: [.apt(["libyaml-dev"])]),
        .systemLibrary(name: "CSQLite", pkgConfig: "sqlite3", providers: [.apt(["libsqlite3-dev"])]),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),

        // The arithmetic: kernels in C are optimised in debug builds too, since tests run whole streams through them.
        .target(
            name: "CKernels",
            cSettings: [.unsafeFlags(["-O3", "-ffp-contract=off", "-fno-fast-math", "-Wall", "-Wextra", "-Werror"])]),
        module("Linear", ["CKernels"]),
        module("Events"),
        module("Models", ["Linear", "Events"]),
        module("FeatureStore", ["Events"]),
        module("Pipeline", ["Linear", "Models", "FeatureStore", "Events"]),
        // Empty but under the thread sanitizer, which it tells of locks and threads that come from elsewhere.
        .target(name: "CThreadSanitizer"),
        module("Kafka", ["CRdKafka", "CThreadSanitizer", "Pipeline", "ServiceKit"]),
        module("Evaluation", ["Linear", "Models", "Events", "Pipeline"]),
        module("HTTPAPI", ["CMicroHTTPD", "ServiceKit"]),
        module("ServiceKit", ["CYAML"]),
        .executableTarget(
            name: "freshet",
            dependencies: [
                "Linear", "Events", "Models", "FeatureStore", "Pipeline", "Kafka", "Evaluation", "HTTPAPI",
                "ServiceKit",
                "CSQLite", "CZlib",
            ],
            swiftSettings: house),
        // The figures of `make bench`.
        .executableTarget(
            name: "freshet-bench",
            dependencies: ["Linear", "Events", "Models", "Pipeline", "Kafka", "HTTPAPI", "ServiceKit"],
            swiftSettings: house),
        // Instances and brokers under faults, for `make chaos`.
        .executableTarget(
            name: "freshet-chaos", dependencies: ["Events", "Models", "Pipeline", "Kafka", "ServiceKit"],
            swiftSettings: house),

        tests("LinearTests", ["Linear"]),
        tests("EventsTests", ["Events"]),
        tests("ModelsTests", ["Models", "Linear", "Events"]),
        tests("FeatureStoreTests", ["FeatureStore"]),
        tests("PipelineTests", ["Pipeline"]),
        tests("KafkaTests", ["Kafka"]),
        tests("EvaluationTests", ["Evaluation", "Models", "Events"]),
        tests("HTTPAPITests", ["HTTPAPI"]),
        tests("ServiceKitTests", ["ServiceKit"]),
        tests("SimulationTests", ["Pipeline", "Models", "FeatureStore", "Events", "Linear"], path: "Tests/Simulation"),
        tests(
            "FreshetTests",
            ["freshet", "Evaluation", "HTTPAPI", "Kafka", "Pipeline", "Models", "Linear", "Events", "ServiceKit"]),
    ],
    swiftLanguageModes: [.v6]
)
