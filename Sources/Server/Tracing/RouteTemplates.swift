import ContractRuntime
import Generated

/// The path templates of the operations, as names of spans. Paths themselves have ids, so that each would be another name.
struct RouteTemplates: Sendable {
    private let templates: [Route: String]

    /// Reads the templates from the contract.
    init() {
        var templates: [Route: String] = [:]
        guard let contract = try? JSONValue(json: Array(ContractDocument.json.utf8)),
            case .object(let paths)? = contract["paths"]
        else {
            self.templates = templates
            return
        }
        for path in paths {
            guard case .object(let item) = path.value else { continue }
            for operation in item {
                guard case .string(let id)? = operation.value["operationId"] else { continue }
                if let route = Route(rawValue: id) { templates[route] = path.name }
            }
        }
        self.templates = templates
    }

    subscript(route: Route) -> String? { templates[route] }
}

extension APIResponder.Target {
    func template(in templates: RouteTemplates) -> String? { templates[route] }
}

extension WebTarget {
    func template(in templates: RouteTemplates) -> String? {
        switch destination {
        case .asset: "/assets/{name}"
        case .reference: "/reference"
        case .health: "/api/healthz"
        case .signInPage, .signIn: "/login"
        case .openID: "/login/openid"
        case .openIDResponse: "/login/openid/callback"
        case .home: "/"
        case .operation(let route, _): templates[route].map { "/api" + $0 }
        case .unknownOperation: "/api/{path}"
        case .signOut: "/logout"
        case .preferences: "/preferences"
        case .formToken: "/form-token"
        case .page: "/{page}"
        }
    }
}
