import ArgumentParser

/// A listener and the code behind it. Each runs in a process of its own, so that a crash of one leaves the other serving.
enum Component: String, CaseIterable, ExpressibleByArgument, Sendable {
    case api, dashboard

    /// Its name in the startup output and in the variable of its address.
    var name: String { self == .api ? "API" : "WEB" }
}

extension ServerConfiguration {
    /// Where a component listens; nil when its listener is switched off.
    func address(of component: Component) -> ListenAddress? { component == .api ? apiAddress : webAddress }
}
