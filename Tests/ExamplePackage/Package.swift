// swift-tools-version: 6.2
import PackageDescription

// A third-party package: it depends on this one and generates code from its own contract.
let package = Package(
    name: "greeter",
    platforms: [.macOS(.v26)],
    dependencies: [.package(name: "flotilla", path: "../..", traits: [])],
    targets: [
        .target(
            name: "Greetings",
            dependencies: [.product(name: "ContractRuntime", package: "flotilla")],
            plugins: [.plugin(name: "ContractGen", package: "flotilla")]
        ),
        .executableTarget(
            name: "Greeter",
            dependencies: ["Greetings", .product(name: "ContractRuntime", package: "flotilla")]
        ),
    ]
)
