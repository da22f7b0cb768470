// swift-tools-version: 6.2
import PackageDescription

let settings: [SwiftSetting] = [
    // https://github.com/swiftlang/swift-evolution/blob/main/proposals/0335-existential-any.md
    .enableUpcomingFeature("ExistentialAny"),
    // https://github.com/swiftlang/swift-evolution/blob/main/proposals/0444-member-import-visibility.md
    .enableUpcomingFeature("MemberImportVisibility"),
    // https://github.com/swiftlang/swift-evolution/blob/main/proposals/0409-access-level-on-imports.md
    .enableUpcomingFeature("InternalImportsByDefault"),
    // https://github.com/swiftlang/swift-evolution/blob/main/proposals/0461-async-function-isolation.md
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    // Integers are made of a Double with `init(saturating:)` only (`FixedWidthInteger+Double.swift`).
    .treatWarning("DeprecatedDeclaration", as: .error),
]
let package = Package(
    name: "flotilla",
    platforms: [.macOS(.v26)],
    products: [
        .executable(name: "flotilla-server", targets: ["Server"]),
        .executable(name: "schema-check", targets: ["SchemaCheck"]),
        .executable(name: "contract-gen", targets: ["contract-gen"]),
        .library(name: "AgentKit", targets: ["AgentKit"]),
        .executable(name: "example-bot", targets: ["ExampleBot"]),
        .executable(name: "fleet-sim", targets: ["FleetSimulator"]),
        .library(name: "ContractRuntime", targets: ["ContractRuntime"]),
        .plugin(name: "ContractGen", targets: ["ContractGen"]),
    ],
    dependencies: [
        // Without it: the command lines of schema-check and the server by hand, help texts included.
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        // Without it: reading .env files and environment variables by hand. No traits: only those two providers are used.
        .package(url: "https://github.com/apple/swift-configuration", from: "1.4.0", traits: []),
        // Without it: a logging interface that no other Swift library shares.
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        // Without it: an event loop and an HTTP/1.1 parser.
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        // Without it: TLS.
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
        // Without it: signal handling (its UnixSignals) by hand.
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        // Without it: an HTTP client with TLS, time limits and a pool of connections, for notifications.
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
        // Without it: templates of the dashboard's pages, with everything in them escaped, by hand.
        .package(url: "https://github.com/hummingbird-project/swift-mustache", from: "2.1.1"),
        // Without it: SHA-256 by hand, for the secrets of tokens.
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        // Without it: fork, change of user and exec by hand, for the embedded cluster and the server's two processes.
        .package(url: "https://github.com/swiftlang/swift-subprocess", from: "1.0.2", traits: []),
        // Without it: FilePath, which swift-subprocess takes.
        .package(url: "https://github.com/apple/swift-system", from: "1.8.1"),
    ],
    targets: [
        // ECMA-262 regular expressions in linear time: Swift's own backtrack, and differ from what JSON Schema asks for.
        .target(name: "Patterns", swiftSettings: settings),
        // What the texts of values mean: formats, exact numbers, URIs.
        .target(name: "Formats", dependencies: ["Patterns"], swiftSettings: settings),

        // The contract's compiler. It has no package dependencies, because it is built twice: for the plugin's tool and as a library.
        .systemLibrary(name: "CYAML", pkgConfig: "yaml-0.1", providers: [.apt(["libyaml-dev"]), .brew(["libyaml"])]),
        .target(name: "ContractCompiler", dependencies: ["CYAML", "Formats", "Patterns"], swiftSettings: settings),
        .executableTarget(
            name: "contract-gen",
            dependencies: ["ContractCompiler"],
            path: "Sources/ContractGenTool",
            swiftSettings: settings
        ),
        .plugin(name: "ContractGen", capability: .buildTool(), dependencies: ["contract-gen"]),

        // The 2020-12 validator that generated ones are measured by.
        .target(
            name: "JSONSchema",
            dependencies: ["ContractCompiler", "Formats", "Patterns"],
            swiftSettings: settings
        ),

        // The contract in Swift.
        .target(name: "ContractRuntime", dependencies: ["Formats", "Patterns"], swiftSettings: settings),
        .target(
            name: "Generated",
            dependencies: ["ContractRuntime"],
            swiftSettings: settings,
            plugins: ["ContractGen"]
        ),

        // The database.
        .systemLibrary(name: "CPostgres", pkgConfig: "libpq", providers: [.apt(["libpq-dev"]), .brew(["libpq"])]),
        .target(
            name: "Postgres",
            dependencies: [
                "ContractRuntime", "CPostgres",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "Subprocess", package: "swift-subprocess"),
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            swiftSettings: settings
        ),

        // The contract's gatekeeper.
        .executableTarget(
            name: "SchemaCheck",
            dependencies: [
                "ContractCompiler", "ContractRuntime", "Formats", "JSONSchema", "Patterns", "Postgres",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: settings
        ),

        // What is told to whom, and how.
        .target(
            name: "Notifications",
            dependencies: [
                "ContractRuntime", "Generated", .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "NIOCore", package: "swift-nio"), .product(name: "NIOHTTP1", package: "swift-nio"),
            ],
            swiftSettings: settings
        ),

        // The service.
        .target(
            name: "Handlers",
            dependencies: [
                "ContractRuntime", "Generated", "Notifications", "Postgres",
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: settings,
            plugins: ["ContractGen"]
        ),
        // Server-rendered pages: a client of the contract, never of the database.
        .target(
            name: "Dashboard",
            dependencies: [
                "ContractRuntime", "Generated",
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "Mustache", package: "swift-mustache"),
            ],
            resources: [.embedInCode("Assets"), .embedInCode("Templates")],
            swiftSettings: settings
        ),
        .executableTarget(
            name: "Server",
            dependencies: [
                "ContractRuntime", "Dashboard", "Generated", "Handlers", "Notifications", "Postgres",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Configuration", package: "swift-configuration"),
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
                .product(name: "Subprocess", package: "swift-subprocess"),
                .product(name: "SystemPackage", package: "swift-system"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
            ],
            swiftSettings: settings
        ),

        // The bots' side.
        .target(
            name: "AgentKit",
            dependencies: [
                "ContractRuntime", "Generated", .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "Logging", package: "swift-log"), .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
            ],
            swiftSettings: settings
        ),
        .executableTarget(
            name: "ExampleBot",
            dependencies: [
                "AgentKit", "ContractRuntime", "Generated", .product(name: "Logging", package: "swift-log"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
            ],
            swiftSettings: settings
        ),
        .executableTarget(
            name: "FleetSimulator",
            dependencies: [
                "AgentKit", "ContractRuntime", "Generated",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: settings
        ),

        // How fast, against what.
        .target(name: "Allocations", path: "Benchmarks/allocations"),
        .executableTarget(
            name: "codec-benchmark",
            dependencies: ["Allocations", "ContractRuntime", "Generated"],
            path: "Benchmarks/codec",
            swiftSettings: settings
        ),
        .executableTarget(
            name: "http-echo",
            dependencies: [
                .product(name: "NIOCore", package: "swift-nio"), .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
            ],
            path: "Benchmarks/echo",
            swiftSettings: settings
        ),

        // Tests mirror Sources.
        .target(
            name: "TestSupport",
            dependencies: ["Handlers", "Postgres", .product(name: "Logging", package: "swift-log")],
            path: "Tests/TestSupport",
            swiftSettings: settings
        ),
        .testTarget(
            name: "ContractCompilerTests",
            dependencies: ["ContractCompiler", "TestSupport"],
            exclude: ["BadContracts", "Cases"],
            swiftSettings: settings
        ),
        .testTarget(name: "PatternsTests", dependencies: ["Patterns"], swiftSettings: settings),
        .testTarget(
            name: "JSONSchemaTests",
            dependencies: [
                "ContractCompiler", "ContractRuntime", "JSONSchema", "TestSupport",
                .product(name: "Subprocess", package: "swift-subprocess"),
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            swiftSettings: settings
        ),
        .testTarget(name: "ContractRuntimeTests", dependencies: ["ContractRuntime"], swiftSettings: settings),
        // A contract that says everything, for the tests.
        .target(
            name: "EveryFeature",
            dependencies: ["ContractRuntime"],
            path: "Tests/EveryFeature",
            swiftSettings: settings,
            plugins: ["ContractGen"]
        ),
        .testTarget(
            name: "EveryFeatureTests",
            dependencies: ["ContractRuntime", "EveryFeature", "TestSupport"],
            swiftSettings: settings
        ),
        .testTarget(name: "GeneratedTests", dependencies: ["Generated"], swiftSettings: settings),
        .testTarget(
            name: "PostgresTests",
            dependencies: ["Postgres", "TestSupport", .product(name: "Logging", package: "swift-log")],
            swiftSettings: settings
        ),
        .testTarget(
            name: "DashboardTests",
            dependencies: ["ContractRuntime", "Dashboard", .product(name: "Mustache", package: "swift-mustache")],
            swiftSettings: settings
        ),
        .testTarget(
            name: "HandlersTests",
            dependencies: [
                "Handlers", "Notifications", "TestSupport", .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: settings
        ),
        // The bot of the agents' tests.
        .executableTarget(
            name: "DrillBot",
            dependencies: ["AgentKit", "ContractRuntime", "Generated"],
            path: "Tests/DrillBot",
            swiftSettings: settings
        ),
        .testTarget(
            name: "AgentKitTests",
            dependencies: ["AgentKit", "TestSupport", .product(name: "Logging", package: "swift-log")],
            swiftSettings: settings
        ),
        .testTarget(
            name: "FleetSimulatorTests",
            dependencies: ["FleetSimulator"],
            swiftSettings: settings
        ),
        .testTarget(
            name: "ServerTests",
            dependencies: [
                "DrillBot", "ExampleBot", "FleetSimulator", "Postgres", "Server", "TestSupport", "contract-gen",
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: settings
        ),
        .testTarget(
            name: "SchemaCheckTests",
            dependencies: [
                "ContractCompiler", "JSONSchema", "SchemaCheck", "TestSupport", "contract-gen",
                .product(name: "Subprocess", package: "swift-subprocess"),
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            exclude: ["Documents"],
            swiftSettings: settings
        ),
    ]
)
