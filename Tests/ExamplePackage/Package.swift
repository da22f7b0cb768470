// swift-tools-version: 6.2
import PackageDescription

// A package of somebody else: it depends on this one and generates from its own contract.
let package = Package(
    name: "greeter",
    platforms: [.macOS(.v26)],
    dependencies: [.package(name: "flotilla", path: "../..")],
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
