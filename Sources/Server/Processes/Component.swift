import ArgumentParser

/// A listener and the code behind it. Each component runs in its own process, so that the other one survives a crash.
enum Component: String, CaseIterable, ExpressibleByArgument, Sendable {
    case api, dashboard

    /// The name in the startup output, and in the name of the address variable.
    var name: String { self == .api ? "API" : "WEB" }
}

extension ServerConfiguration {
    /// The address of a component's listener; nil if it is switched off.
    func address(of component: Component) -> ListenAddress? { component == .api ? apiAddress : webAddress }
}
