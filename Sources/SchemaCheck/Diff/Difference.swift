import ContractCompiler

/// Which way a value travels: what narrows a request breaks clients, and what widens a response does.
enum Direction {
    /// From the client to the server.
    case request
    /// From the server to the client: responses, and the requests of webhooks and callbacks.
    case response
}

/// A step from a value to a part of it.
enum Step: Hashable {
    case property(String)
    /// Any item of an array.
    case item
    /// A member that no keyword names.
    case extra
    /// An alternative of the first group that is open, by its position; the value stays the same.
    case branch(Int)
}

/// How a difference may show in a value: the value at its place becomes this.
enum Probe {
    /// Whatever is allowed there.
    case sample
    case value(Node)
    /// An object without one of its members.
    case without(String)
    /// An object with one more member; any value where there is none.
    case with(String, Node?)
    /// A string of a length, an array of a count of items.
    case length(Int)
    case count(Int)
}

/// One thing that changed in a value that travels.
struct Difference {
    let id: String
    var severity: Finding.Severity
    let message: String
    /// Where it was, and where it is.
    let old: Node?
    let new: Node?
    let steps: [Step]
    let probes: [Probe]
}

/// What is compared, in the words of its findings.
struct Place {
    enum Scope {
        case body, parameter, header
    }

    let direction: Direction
    let scope: Scope
    /// `the request body`, `the query parameter 'limit'`
    let name: String
    let operation: String

    /// The same value under another name.
    func named(_ name: String) -> Place { Place(direction: direction, scope: scope, name: name, operation: operation) }

    /// What the ids of findings begin with.
    func prefix(_ steps: [Step]) -> String {
        let isInside = steps.contains { if case .branch = $0 { false } else { true } }
        switch (scope, direction) {
        case (.parameter, _): return isInside ? "request-parameter-property" : "request-parameter"
        case (.header, _): return "response-header"
        case (.body, .request): return isInside ? "request-property" : "request-body"
        case (.body, .response): return isInside ? "response-property" : "response-body"
        }
    }

    /// The place in words: `the request body at /items/0/name`.
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
