import ContractCompiler

/// The direction of a value. A narrower request breaks clients, and so does a wider response.
enum Direction {
    /// From the client to the server.
    case request
    /// From the server to the client: responses, and the requests of webhooks and callbacks.
    case response
}

/// A step from a value to one of its parts.
enum Step: Hashable {
    case property(String)
    /// Any item of an array.
    case item
    /// A property that no keyword names.
    case extra
    /// An alternative, by its position in the first group of alternatives still open. The value stays the same.
    case branch(Int)
}

/// A value that may show a difference. It replaces the value at the place of the difference.
enum Probe {
    /// Any value that the schema allows there.
    case sample
    case value(Node)
    /// An object without one of its properties.
    case without(String)
    /// An object with one more property. Nil means a property with any value.
    case with(String, Node?)
    /// A string of this length, or an array of this number of items.
    case length(Int)
    case count(Int)
}

/// One change in a value of a request or response.
struct Difference {
    let id: String
    var severity: Finding.Severity
    let message: String
    /// The changed nodes of the old and the new contract.
    let old: Node?
    let new: Node?
    let steps: [Step]
    let probes: [Probe]
}

/// The subject of a comparison, as findings name it.
struct Place {
    enum Scope {
        case body, parameter, header
    }

    let direction: Direction
    let scope: Scope
    /// `the request body`, `the query parameter 'limit'`
    let name: String
    let operation: String

    /// The same place with another name.
    func named(_ name: String) -> Place { Place(direction: direction, scope: scope, name: name, operation: operation) }

    /// The prefix of the finding's codes.
    func prefix(_ steps: [Step]) -> String {
        let isInside = steps.contains { if case .branch = $0 { false } else { true } }
        switch (scope, direction) {
        case (.parameter, _): return isInside ? "request-parameter-property" : "request-parameter"
        case (.header, _): return "response-header"
        case (.body, .request): return isInside ? "request-property" : "request-body"
        case (.body, .response): return isInside ? "response-property" : "response-body"
        }
    }

    /// The place with a path: `the request body at /items/0/name`.
    func description(_ steps: [Step]) -> String {
        let path = steps.compactMap { step in
            switch step {
            case .property(let name): "/\(JSONPointer.escape(name))"
            case .item: "/*"
            case .extra: "/…"
            case .branch: nil
            }
        }.joined()
        return path.isEmpty ? name : "\(name) at \(path)"
    }
}
