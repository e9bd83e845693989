// swift-tools-version: 6.0
import PackageDescription

let package = Package(
    name: "AdaptiveComputation",
    products: [
        .library(name: "AdaptiveComputation", targets: ["AdaptiveComputation", "Conversion"]),
        .executable(name: "acm", targets: ["acm"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.5.0"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.0.0"),
        .package(url: "https://github.com/swiftlang/swift-docc-plugin", from: "1.4.0"),
    ],
    targets: [
        .target(name: "CACM"),
        .target(name: "Torch", dependencies: ["CACM"]),
        .target(name: "Transformers", dependencies: ["Torch"]),
        .target(name: "Preprocessing", dependencies: ["CACM", "Torch"]),
        .target(name: "AdaptiveComputation", dependencies: ["Torch", "Transformers"]),
        .target(name: "Datasets", dependencies: ["Torch", "Transformers", "Preprocessing"]),
        .target(
            name: "Conversion",
            dependencies: ["AdaptiveComputation", "Datasets", .product(name: "Yams", package: "Yams")]),
        .target(name: "CHub", linkerSettings: [.linkedLibrary("dl", .when(platforms: [.linux]))]),
        .target(name: "Hub", dependencies: ["CHub", "Torch"]),
        .target(name: "Evaluation", dependencies: ["AdaptiveComputation", "Datasets", "Preprocessing"]),
        .target(name: "Baselines", dependencies: ["Conversion"]),
        .executableTarget(
            name: "acm",
            dependencies: [
                "Baselines", "Conversion", "Evaluation", "Hub",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ]),
        .executableTarget(
            name: "OperatorOverhead", dependencies: ["Torch"], path: "Benchmarks/OperatorOverhead"),
        .executableTarget(name: "media-benchmark", dependencies: ["Preprocessing"], path: "Benchmarks/media"),
        .target(name: "TestSupport", path: "Tests/TestSupport"),
        .target(name: "HubServer", dependencies: ["CHub", "Hub"], path: "Tests/HubServer"),
        .testTarget(name: "TorchTests", dependencies: ["Torch", "TestSupport"]),
        .testTarget(name: "TransformersTests", dependencies: ["Transformers"]),
        .testTarget(name: "PreprocessingTests", dependencies: ["Preprocessing"]),
        .testTarget(name: "AdaptiveComputationTests", dependencies: ["AdaptiveComputation", "TestSupport"]),
        .testTarget(name: "DatasetsTests", dependencies: ["Datasets", "TestSupport"]),
        .testTarget(name: "ConversionTests", dependencies: ["Conversion", "TestSupport"]),
        .testTarget(name: "BaselinesTests", dependencies: ["Baselines", "Evaluation", "TestSupport"]),
        .testTarget(name: "EvaluationTests", dependencies: ["Evaluation", "TestSupport"]),
        .testTarget(name: "HubTests", dependencies: ["Hub", "HubServer", "TestSupport"]),
        .testTarget(name: "acmTests", dependencies: ["acm", "Torch", "HubServer", "TestSupport"]),
    ],
    swiftLanguageModes: [.v6]
)
