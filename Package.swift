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
    // A Double is converted to an integer only with `init(saturating:)` (`FixedWidthInteger+Double.swift`).
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
    traits: [
        .trait(
            name: "Service",
            description: "The server, the agent and the contract checker, with the packages that they need."
        ),
        .default(enabledTraits: ["Service"]),
    ],
    dependencies: [
        // Without it: hand-written command-line parsing and help for schema-check and the server.
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        // Without it: hand-written parsing of .env files and environment variables. No traits: only these two providers are used.
        .package(url: "https://github.com/apple/swift-configuration", from: "1.4.0", traits: []),
        // Without it: our own logging interface, which no other Swift library supports.
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        // Without it: an event loop and an HTTP/1.1 parser.
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        // Without it: HTTP/2 would need our own framing, header compression and flow control. async-http-client requires it anyway.
        .package(url: "https://github.com/apple/swift-nio-http2", from: "1.46.0"),
        // Without it: our own list of open connections, to end them at a shutdown. async-http-client requires it anyway.
        .package(url: "https://github.com/apple/swift-nio-extras", from: "1.35.0"),
        // Without it: TLS.
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
        // Without it: our own order of starting and ending the services of a process, and our own signal handling.
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        // Without it: an HTTP client with TLS, timeouts and a connection pool, for notifications.
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
        // Without it: our own metrics interface, and no metrics of the libraries that we use.
        .package(url: "https://github.com/apple/swift-metrics", from: "2.13.0"),
        // Without it: our own spans and trace contexts, which no other Swift library would continue. async-http-client requires it anyway.
        .package(url: "https://github.com/apple/swift-distributed-tracing", from: "1.7.3"),
        // Without it: hand-written, escaping templates for the dashboard's pages.
        .package(url: "https://github.com/hummingbird-project/swift-mustache", from: "2.1.1"),
        // Without it: hand-written fork, change of user and exec, for the embedded cluster and the server's two processes.
        .package(url: "https://github.com/swiftlang/swift-subprocess", from: "1.0.2", traits: []),
        // Without it: FilePath, which swift-subprocess requires.
        .package(url: "https://github.com/apple/swift-system", from: "1.8.1"),
    ],
    targets: [
        // ECMA-262 regular expressions in linear time. Swift's regular expressions backtrack and differ from those of JSON Schema.
        .target(name: "Patterns"),
        // String formats, exact numbers, URIs.
        .target(name: "Formats", dependencies: ["Patterns"]),

        // The contract compiler. It has no package dependencies, because it is built twice: for the plugin's tool and as a library.
        .systemLibrary(name: "CYAML", pkgConfig: "yaml-0.1", providers: [.apt(["libyaml-dev"]), .brew(["libyaml"])]),
        .target(name: "ContractCompiler", dependencies: ["CYAML", "Formats", "Patterns"]),
        .executableTarget(
            name: "contract-gen",
            dependencies: ["ContractCompiler"],
            path: "Sources/ContractGenTool"
        ),
        .plugin(name: "ContractGen", capability: .buildTool(), dependencies: ["contract-gen"]),

        // The reference validator for JSON Schema 2020-12, against which generated validation is tested.
        .target(
            name: "JSONSchema",
            dependencies: ["ContractCompiler", "Formats", "Patterns"]
        ),

        // The generated contract and its runtime.
        .target(name: "ContractRuntime", dependencies: ["Formats", "Patterns"]),
        .target(
            name: "Generated",
            dependencies: ["ContractRuntime"],
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
            ]
        ),

        // SHA-256 and the cryptography of push messages, from the library that libpq uses for TLS. swift-crypto would compile a second copy of BoringSSL.
        .systemLibrary(
            name: "CCrypto",
            pkgConfig: "libcrypto",
            providers: [.apt(["libssl-dev"]), .brew(["openssl@3"])]
        ),
        .target(name: "Digests", dependencies: ["CCrypto"]),
        .target(name: "WebPush", dependencies: ["CCrypto", "ContractRuntime", "Digests"]),
        // Sign-in at an OpenID provider. jwt-kit would compile swift-crypto's copy of BoringSSL.
        .target(name: "OpenID", dependencies: ["CCrypto", "ContractRuntime", "Digests"]),
        // Ed25519 signatures of commands, for the server and the agent.
        .target(name: "CommandSigning", dependencies: ["CCrypto", "ContractRuntime", "Digests"]),

        // The contract checker.
        .executableTarget(
            name: "SchemaCheck",
            dependencies: [
                "ContractCompiler", "ContractRuntime", "Formats", "JSONSchema", "Patterns", "Postgres",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Logging", package: "swift-log"),
            ]
        ),

        // Targets and texts of notifications. The server delivers them: without the HTTP client, the service is compiled beside it.
        .target(name: "Notifications", dependencies: ["ContractRuntime", "Generated"]),

        // The service.
        .target(
            name: "Handlers",
            dependencies: [
                "CommandSigning", "ContractRuntime", "Digests", "Generated", "Notifications", "Postgres", "WebPush",
                .product(name: "CoreMetrics", package: "swift-metrics"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "Tracing", package: "swift-distributed-tracing"),
            ],
            plugins: ["ContractGen"]
        ),
        // Server-rendered pages: a client of the contract, never of the database.
        .target(
            name: "Dashboard",
            dependencies: [
                "ContractRuntime", "Digests", "Generated", .product(name: "Mustache", package: "swift-mustache"),
            ],
            resources: [.embedInCode("Assets"), .embedInCode("Templates")]
        ),
        // gzip for large responses, from the library that async-http-client links anyway. swift-nio-extras compresses on the event loop.
        .systemLibrary(name: "CZlib"),
        .executableTarget(
            name: "Server",
            dependencies: [
                "CZlib", "CommandSigning", "ContractRuntime", "Dashboard", "Digests", "Generated", "Handlers",
                "Notifications", "OpenID", "Postgres", "WebPush",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "Configuration", package: "swift-configuration"),
                .product(name: "CoreMetrics", package: "swift-metrics"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOExtras", package: "swift-nio-extras"),
                .product(name: "NIOHPACK", package: "swift-nio-http2"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOHTTP2", package: "swift-nio-http2"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
                .product(name: "NIOTLS", package: "swift-nio"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "Subprocess", package: "swift-subprocess"),
                .product(name: "SystemPackage", package: "swift-system"),
                .product(name: "Tracing", package: "swift-distributed-tracing"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
            ]
        ),

        // The agent for bots, an example bot and the simulator.
        .target(
            name: "AgentKit",
            dependencies: [
                "CommandSigning", "ContractRuntime", "Digests", "Generated",
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "Logging", package: "swift-log"), .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
            ]
        ),
        .executableTarget(
            name: "ExampleBot",
            dependencies: [
                "AgentKit", "ContractRuntime", "Generated", .product(name: "Logging", package: "swift-log"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
            ]
        ),
        .executableTarget(
            name: "FleetSimulator",
            dependencies: [
                "AgentKit", "ContractRuntime", "Generated",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Logging", package: "swift-log"),
            ]
        ),

        // Benchmarks.
        .target(name: "Allocations", path: "Benchmarks/allocations"),
        .executableTarget(
            name: "codec-benchmark",
            dependencies: ["Allocations", "ContractRuntime", "Generated"],
            path: "Benchmarks/codec"
        ),
        .executableTarget(
            name: "http-echo",
            dependencies: [
                .product(name: "NIOCore", package: "swift-nio"), .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
            ],
            path: "Benchmarks/echo"
        ),

        // The tests mirror Sources.
        .target(
            name: "TestSupport",
            dependencies: [
                "CCrypto", "Digests", "Handlers", "Postgres", .product(name: "Logging", package: "swift-log"),
            ],
            path: "Tests/TestSupport"
        ),
        .testTarget(
            name: "ContractCompilerTests",
            dependencies: ["ContractCompiler", "TestSupport"],
            exclude: ["BadContracts", "Cases"]
        ),
        .testTarget(name: "PatternsTests", dependencies: ["Patterns"]),
        .testTarget(name: "FormatsTests", dependencies: ["Formats"]),
        .testTarget(
            name: "JSONSchemaTests",
            dependencies: [
                "ContractCompiler", "ContractRuntime", "JSONSchema", "TestSupport",
                .product(name: "Subprocess", package: "swift-subprocess"),
                .product(name: "SystemPackage", package: "swift-system"),
            ]
        ),
        .testTarget(
            name: "ContractRuntimeTests",
            dependencies: ["ContractRuntime", "TestSupport"]
        ),
        // A test contract that uses every feature.
        .target(
            name: "EveryFeature",
            dependencies: ["ContractRuntime"],
            path: "Tests/EveryFeature",
            plugins: ["ContractGen"]
        ),
        .testTarget(
            name: "EveryFeatureTests",
            dependencies: ["ContractRuntime", "EveryFeature", "TestSupport"]
        ),
        .testTarget(name: "GeneratedTests", dependencies: ["Generated"]),
        .testTarget(name: "DigestsTests", dependencies: ["Digests"]),
        .testTarget(name: "CommandSigningTests", dependencies: ["CommandSigning", "ContractRuntime", "Digests"]),
        .testTarget(name: "WebPushTests", dependencies: ["ContractRuntime", "Digests", "WebPush"]),
        .testTarget(name: "OpenIDTests", dependencies: ["ContractRuntime", "Digests", "OpenID", "TestSupport"]),
        .testTarget(
            name: "PostgresTests",
            dependencies: ["Postgres", "TestSupport", .product(name: "Logging", package: "swift-log")]
        ),
        .testTarget(
            name: "DashboardTests",
            dependencies: ["ContractRuntime", "Dashboard", .product(name: "Mustache", package: "swift-mustache")]
        ),
        .testTarget(
            name: "NotificationsTests",
            dependencies: ["ContractRuntime", "Generated", "Notifications"]
        ),
        .testTarget(
            name: "HandlersTests",
            dependencies: [
                "Handlers", "TestSupport", .product(name: "CoreMetrics", package: "swift-metrics"),
                .product(name: "Logging", package: "swift-log"),
            ]
        ),
        // The bot that the agent's tests run and kill.
        .executableTarget(
            name: "RecordingBot",
            dependencies: ["AgentKit", "ContractRuntime", "Generated"],
            path: "Tests/RecordingBot"
        ),
        .testTarget(
            name: "AgentKitTests",
            dependencies: [
                "AgentKit", "CommandSigning", "TestSupport", .product(name: "Logging", package: "swift-log"),
            ]
        ),
        .testTarget(
            name: "FleetSimulatorTests",
            dependencies: ["FleetSimulator"]
        ),
        .testTarget(
            name: "ServerTests",
            dependencies: [
                "AgentKit", "CZlib", "CommandSigning", "ExampleBot", "FleetSimulator", "OpenID", "Postgres",
                "RecordingBot", "Server", "TestSupport", "contract-gen",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "Tracing", package: "swift-distributed-tracing"),
            ]
        ),
        .testTarget(
            name: "SchemaCheckTests",
            dependencies: [
                "ContractCompiler", "JSONSchema", "SchemaCheck", "TestSupport", "contract-gen",
                .product(name: "Subprocess", package: "swift-subprocess"),
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            exclude: ["Documents"]
        ),
    ]
)

for target in package.targets where target.type != .system && target.type != .plugin {
    target.swiftSettings = settings
}

// The plugin and its runtime need no other package: without the trait, SwiftPM fetches none.
for target in package.targets {
    target.dependencies = target.dependencies.map { dependency in
        guard case .productItem(let name, let package, let aliases, _) = dependency else { return dependency }
        return .productItem(name: name, package: package, moduleAliases: aliases, condition: .when(traits: ["Service"]))
    }
}

// `./flotilla up`: the first build leaves out what takes a third of its time, BoringSSL and the libraries of HTTP/2 and of the HTTP client, if the
// configuration needs none of it. No trait: those are conditions of every module of a package, so changing one compiles all of them again.
for target in package.targets where target.name == "Server" {
    if Context.environment["FLOTILLA_TLS"] == "off" {
        target.dependencies.removeAll { dependency in
            guard case .productItem(let name, _, _, _) = dependency else { return false }
            return ["AsyncHTTPClient", "NIOHPACK", "NIOHTTP2", "NIOSSL", "NIOTLS"].contains(name)
        }
        // async-http-client still requires it, so the recorded packages are the same.
        package.dependencies.removeAll { dependency in
            guard case .sourceControl(_, let location, _) = dependency.kind else { return false }
            return location.hasSuffix("/swift-nio-http2")
        }
    } else {
        target.swiftSettings = settings + [.define("TLS")]
    }
}

// deploy/build: a build of the server runs the compiler for a second, and optimizing it takes more than a minute. As a condition of the
// environment, because packages with such flags cannot be dependencies.
if Context.environment["FLOTILLA_COMPILER"] == "unoptimized" {
    for target in package.targets where target.name == "ContractCompiler" {
        target.swiftSettings = settings + [.unsafeFlags(["-Onone"])]
    }
}
