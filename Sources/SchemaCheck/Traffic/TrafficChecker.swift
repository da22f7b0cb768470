import ContractCompiler
import ContractRuntime
import Foundation
import JSONSchema

/// Checks recorded exchanges against a contract.
///
/// The server must reject an invalid request, and each response must match the contract for its status. Statuses of the HTTP layer (408,
/// 413, 414, 417, 431) need no declaration, and neither do rejections of requests to unknown operations.
struct TrafficChecker {
    /// A violation of the contract in an exchange.
    struct Fault {
        let code: String
        let message: String
    }

    private let side: ContractSide
    private let operations: [ContractSide.Operation]
    private let prefixes: [String]
    private static let transportStatuses: Set = [408, 413, 414, 417, 431]

    init(_ source: ContractSource) {
        side = ContractSide(source)
        // Literal segments take precedence over parameters (OpenAPI 3.1, "Path Templating Matching").
        operations = side.operations.values.sorted { Self.order($0.template) < Self.order($1.template) }
        let urls = (source.root["servers"]?.items ?? []).compactMap { $0["url"]?.string }
        prefixes = [""] + urls.compactMap { URL(string: $0)?.path }.filter { $0 != "/" && !$0.isEmpty }
    }

    private static func order(_ template: String) -> String {
        template.split(separator: "/").map { $0.contains("{") ? "1" : "0" }.joined()
    }

    /// The violations in an exchange.
    func faults(_ exchange: Exchange) -> [Fault] {
        guard let (operation, values) = operation(for: exchange) else {
            let isRefused = exchange.status >= 400 || exchange.method == "OPTIONS"
            let message =
                "\(exchange.method) \(exchange.path) is not an operation of the contract, but the response was \(exchange.status)"
            return isRefused ? [] : [Fault(code: "undeclared-operation", message: message)]
        }
        let mistakes = mistakes(in: exchange, operation, values)
        if !mistakes.isEmpty, exchange.status < 400 {
            let list = mistakes.joined(separator: "; ")
            return [
                Fault(
                    code: "request-accepted",
                    message: "\(operation.title): responded \(exchange.status) to an invalid request: \(list)"
                )
            ]
        }
        return faults(inResponse: exchange, operation, isInvalidRequest: !mistakes.isEmpty)
    }

    // MARK: - Routing

    private func operation(for exchange: Exchange) -> (ContractSide.Operation, [String: String])? {
        for method in exchange.method == "HEAD" ? ["head", "get"] : [exchange.method.lowercased()] {
            for operation in operations where operation.method == method {
                for prefix in prefixes where exchange.path.hasPrefix(prefix) {
                    if let values = Self.match(operation.template, String(exchange.path.dropFirst(prefix.count))) {
                        return (operation, values)
                    }
                }
            }
        }
        return nil
    }

    /// The percent-encoded values of a template's parameters; nil if the template does not match the path.
    static func match(_ template: String, _ path: String) -> [String: String]? {
        let pieces = template.split(separator: "/", omittingEmptySubsequences: false)
        let segments = path.split(separator: "/", omittingEmptySubsequences: false)
        guard pieces.count == segments.count else { return nil }
        var values: [String: String] = [:]
        for (piece, segment) in zip(pieces, segments) {
            guard piece.contains("{") else {
                guard piece == segment || String(piece) == segment.removingPercentEncoding else { return nil }
                continue
            }
            guard match(piece, segment, &values) else { return nil }
        }
        return values
    }

    private static func match(_ piece: Substring, _ segment: Substring, _ values: inout [String: String]) -> Bool {
        var (piece, segment) = (piece, segment)
        while let open = piece.firstIndex(of: "{"), let close = piece[open...].firstIndex(of: "}") {
            let literal = piece[..<open]
            guard segment.hasPrefix(literal) else { return false }
            segment = segment.dropFirst(literal.count)
            let name = String(piece[piece.index(after: open)..<close])
            piece = piece[piece.index(after: close)...]
            let next = piece.prefix { $0 != "{" }
            let end = next.isEmpty ? segment.endIndex : segment.range(of: next)?.lowerBound ?? segment.startIndex
            guard end > segment.startIndex else { return false }
            values[name] = String(segment[..<end])
            segment = segment[end...]
        }
        return piece == segment
    }

    // MARK: - Requests

    /// The violations in a request.
    private func mistakes(in exchange: Exchange, _ operation: ContractSide.Operation, _ values: [String: String])
        -> [String]
    {
        var mistakes = missingCredentials(exchange, operation)
        let names = Template.parameters(operation.template)
        let headers = exchange.request.headers.flatMap { name, values in values.map { (name: name, value: $0) } }
        let request = Request(
            pathParameters: names.map { values[$0] ?? "" },
            query: exchange.query,
            headers: HeaderFields(headers),
            body: exchange.request.body
        )
        for parameter in operation.parameters {
            guard let description = description(of: parameter, names), let schema = schema(of: parameter) else {
                continue
            }
            var reader = ParameterReader(request)
            let value = reader.read(description, as: JSONValue.self)
            mistakes += reader.problem.errors.map { "\($0.pointer): \($0.message)" }
            if let value {
                mistakes += errors(
                    of: value.description,
                    schema,
                    at: "/\(parameter["in"]?.string ?? "")/\(parameter["name"]?.string ?? "")"
                )
            }
        }
        return mistakes + mistakesInBody(exchange, operation, request)
    }

    private func missingCredentials(_ exchange: Exchange, _ operation: ContractSide.Operation) -> [String] {
        let requirements = operation.security?.items ?? []
        let isSatisfied =
            requirements.isEmpty
            || requirements.contains { requirement in
                (requirement.members ?? []).allSatisfy { member in
                    let scheme = side.source.root["components"]?["securitySchemes"]?[member.key].flatMap(
                        side.source.followed
                    )
                    let name = scheme?["name"]?.string ?? ""
                    switch scheme?["in"]?.string {
                    case "header": return exchange.request.headers[name.lowercased()] != nil
                    case "query": return exchange.query.contains(name + "=")
                    case "cookie":
                        return exchange.request.headers["cookie"]?.contains { $0.contains(name + "=") } ?? false
                    default:
                        return scheme?["type"]?.string == "mutualTLS"
                            || exchange.request.headers["authorization"] != nil
                    }
                }
            }
        return isSatisfied ? [] : ["the credentials are missing"]
    }

    private func mistakesInBody(_ exchange: Exchange, _ operation: ContractSide.Operation, _ request: Request)
        -> [String]
    {
        guard let body = operation.node["requestBody"].flatMap(side.source.followed) else { return [] }
        guard !exchange.request.body.isEmpty else {
            return body["required"]?.boolean == true ? ["the body is missing"] : []
        }
        let contents = body["content"]?.members ?? []
        let type = exchange.request.headers["content-type"]?.first
        guard let place = MediaType.place(of: type, among: contents.map(\.key)) else {
            return ["the media type '\(type ?? "")' is not declared"]
        }
        guard let content = side.source.followed(contents[place].value), let schema = content["schema"] else {
            return []
        }
        switch contents[place].key.lowercased().prefix(while: { $0 != ";" }) {
        case "application/x-www-form-urlencoded":
            var reader = ParameterReader(request)
            let value = reader.form(shape: shape(side.flattener.flat(schema)), as: JSONValue.self)
            return reader.problem.errors.map(\.message)
                + (value.map { errors(of: $0.description, schema, at: "") } ?? [])
        case let type where Self.isJSON(type): return errors(of: exchange.request.body, schema, at: "")
        default: return []
        }
    }

    private func schema(of parameter: Node) -> Node? {
        parameter["schema"]
            ?? parameter["content"]?.members?.first.flatMap { side.source.followed($0.value)?["schema"] }
    }

    private func description(of parameter: Node, _ names: [String]) -> ParameterDescription? {
        guard let name = parameter["name"]?.scalar?.text, let schema = schema(of: parameter) else { return nil }
        let styles: [String: ParameterDescription.Style] = [
            "simple": .simple, "label": .label, "matrix": .matrix, "form": .form, "spaceDelimited": .spaceDelimited,
            "pipeDelimited": .pipeDelimited, "deepObject": .deepObject, "cookie": .cookie,
        ]
        let place = parameter["in"]?.string ?? ""
        let style =
            styles[parameter["style"]?.string ?? (["query", "cookie"].contains(place) ? "form" : "simple")] ?? .simple
        let explodes = parameter["explode"]?.boolean ?? [.form, .deepObject, .cookie].contains(style)
        let shape = parameter["content"] == nil ? shape(side.flattener.flat(schema)) : .json
        let isRequired = parameter["required"]?.boolean ?? false
        switch place {
        case "path":
            guard let index = names.firstIndex(of: name) else { return nil }
            return .path(name, index: index, style: style, explodes: explodes, shape: shape, isRequired: true)
        case "query": return .query(name, style: style, explodes: explodes, shape: shape, isRequired: isRequired)
        // The specification describes these three elsewhere in the document (OpenAPI 3.1, "Parameter Object").
        case "header" where !["accept", "content-type", "authorization"].contains(name.lowercased()):
            return .header(name, style: style, explodes: explodes, shape: shape, isRequired: isRequired)
        case "cookie": return .cookie(name, style: style, explodes: explodes, shape: shape, isRequired: isRequired)
        default: return nil
        }
    }

    /// Converts the text of a value to JSON.
    private func shape(_ flat: FlatSchema) -> ContractRuntime.TextShape {
        var room = 10_000
        return shape(flat, depth: 0, &room)
    }

    /// - Parameter room: The number of parts that may still be described. It bounds schemas with references in all directions.
    private func shape(_ flat: FlatSchema, depth: Int, _ room: inout Int) -> ContractRuntime.TextShape {
        room -= 1
        guard depth <= 5, room > 0 else { return .any }
        let types = flat.effectiveTypes.subtracting(["null"])
        if types == ["array"] {
            return .array(shape(side.flattener.flat(flat.items), depth: depth + 1, &room))
        }
        if types == ["object"] {
            return .object(
                flat.properties.mapValues { shape(side.flattener.flat($0), depth: depth + 1, &room) }
            )
        }
        if types == ["string"] { return .text }
        return types.isSubset(of: ["number", "integer", "boolean"]) ? .literal : .any
    }

    // MARK: - Responses

    private func faults(inResponse exchange: Exchange, _ operation: ContractSide.Operation, isInvalidRequest: Bool)
        -> [Fault]
    {
        let responses = operation.node["responses"]?.members ?? []
        let status = String(exchange.status)
        let keys = [status, "\(status.prefix(1))XX", "default"]
        guard
            let member = keys.lazy.compactMap({ key in responses.first { $0.key.uppercased() == key.uppercased() } })
                .first,
            let response = side.source.followed(member.value)
        else {
            if Self.transportStatuses.contains(exchange.status)
                || isInvalidRequest && (400..<500).contains(exchange.status)
            {
                return []
            }
            return [
                Fault(code: "undeclared-status", message: "\(operation.title): the status \(status) is not declared")
            ]
        }
        return headerFaults(exchange, response, operation) + bodyFaults(exchange, response, operation)
    }

    private func headerFaults(_ exchange: Exchange, _ response: Node, _ operation: ContractSide.Operation) -> [Fault] {
        (response["headers"]?.members ?? []).flatMap { member -> [Fault] in
            guard member.key.lowercased() != "content-type", let header = side.source.followed(member.value) else {
                return []
            }
            let phrase = "\(operation.title): the header '\(member.key)' of \(exchange.status)"
            guard let values = exchange.response.headers[member.key.lowercased()] else {
                return header["required"]?.boolean == true
                    ? [Fault(code: "response-header", message: "\(phrase) is missing")] : []
            }
            guard let schema = header["schema"] else { return [] }
            var reader = ParameterReader(Request(headers: HeaderFields(values.map { (member.key, $0) })))
            let explodes = header["explode"]?.boolean ?? false
            let value = reader.read(
                .header(member.key, explodes: explodes, shape: shape(side.flattener.flat(schema))),
                as: JSONValue.self
            )
            let wrong =
                reader.problem.errors.map(\.message) + (value.map { errors(of: $0.description, schema, at: "") } ?? [])
            return wrong.map { Fault(code: "response-header", message: "\(phrase): \($0)") }
        }
    }

    private func bodyFaults(_ exchange: Exchange, _ response: Node, _ operation: ContractSide.Operation) -> [Fault] {
        let contents = response["content"]?.members ?? []
        let title = "\(operation.title): the response \(exchange.status)"
        if exchange.method == "HEAD" || exchange.status == 304 { return [] }
        guard !contents.isEmpty else {
            return exchange.response.body.isEmpty
                ? [] : [Fault(code: "response-body", message: "\(title) has a body, but none is declared")]
        }
        let type = exchange.response.headers["content-type"]?.first
        guard let type, let place = MediaType.place(of: type, among: contents.map(\.key)) else {
            let expected = contents.map(\.key).joined(separator: " or ")
            return [Fault(code: "undeclared-media-type", message: "\(title) is '\(type ?? "")', expected \(expected)")]
        }
        guard Self.isJSON(type.prefix { $0 != ";" }),
            let schema = side.source.followed(contents[place].value)?["schema"]
        else { return [] }
        return errors(of: exchange.response.body, schema, at: "").map {
            Fault(code: "response-body", message: "\(title): \($0)")
        }
    }

    // MARK: - Values

    private static func isJSON(_ type: Substring) -> Bool {
        let essence = type.lowercased().filter { $0 != " " }
        return essence == "application/json" || essence.hasSuffix("+json")
    }

    private func errors(of text: String, _ schema: Node, at pointer: String) -> [String] {
        errors(of: Array(text.utf8), schema, at: pointer)
    }

    private func errors(of bytes: [UInt8], _ schema: Node, at pointer: String) -> [String] {
        do throws(ReadingError) {
            let instance = try Node.readJSON(SourceFile(path: "body.json", displayPath: "body", bytes: bytes))
            do throws(SchemaError) {
                return try side.source.validate(instance, against: schema).errors.prefix(5).map {
                    "\(pointer + $0.instanceLocation): \($0.error ?? "")"
                }
            } catch {
                return [error.description]
            }
        } catch {
            return ["\(pointer) is not JSON: \(error.message)"]
        }
    }
}
