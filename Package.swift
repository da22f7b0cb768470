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
]
let package = Package(name: "flotilla", targets: [
.systemLibrary(name: "CYAML", pkgConfig: "yaml-0.1", providers: [.apt(["libyaml-dev"]), .brew(["libyaml"])]),
.target(name: "ContractCompiler", dependencies: ["CYAML"], swiftSettings: settings),
.executableTarget(name: "ContractGenTool", dependencies: ["ContractCompiler"], swiftSettings: settings),
.plugin(name: "ContractGen", capability: .buildTool(), dependencies: ["ContractGenTool"]),
.target(name: "ContractRuntime", swiftSettings: settings),
.target(name: "Generated", dependencies: ["ContractRuntime"], swiftSettings: settings, plugins: ["ContractGen"]),
])
