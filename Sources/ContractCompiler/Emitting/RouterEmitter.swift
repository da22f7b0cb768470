/// Writes the router in Swift: the path templates merged at common segments, as nested switches.
struct RouterEmitter {
    private final class Branch {
        var literals: [(text: String, branch: Branch)] = []
        /// Segments of literal text and parameters, such as `{id}.json`.
        var mixed: [(literals: [String], branch: Branch)] = []
        var parameter: Branch?
        /// The constants of the paths that end here, by the query they require.
        var items: [(query: String, name: String)] = []

        func branch(for segment: [PathTemplate.Piece]) -> Branch {
            if segment.count == 1, case .literal(let text) = segment[0] {
                if let known = literals.first(where: { $0.text == text }) { return known.branch }
                literals.append((text, Branch()))
                return literals[literals.count - 1].branch
            }
            if segment.count == 1 {
                let branch = parameter ?? Branch()
                parameter = branch
                return branch
            }
            let parts = segment.literals
            if let known = mixed.first(where: { $0.literals == parts }) { return known.branch }
            mixed.append((parts, Branch()))
            // More literal text is more specific.
            mixed.sort { $0.literals.joined().count > $1.literals.joined().count }
            return mixed.first { $0.literals == parts }?.branch ?? Branch()
        }
    }

    /// The maximum number of literal segments in a switch. More segments become a table.
    private static let comparisons = 6

    private let root = Branch()
    private var items: [(name: String, operations: [Operation])] = []

    init(_ operations: [Operation]) {
        var names: Set<String> = []
        for operation in operations {
            let leaf = operation.template.segments.reduce(root) { $0.branch(for: $1) }
            let query = operation.template.query
            if let name = leaf.items.first(where: { $0.query == query })?.name,
                let place = items.firstIndex(where: { $0.name == name })
            {
                items[place].operations.append(operation)
                continue
            }
            let words = (operation.template.text + " " + query).filter { $0 != "{" && $0 != "}" }
            let name = SwiftName.distinct(SwiftName.property(words + " item"), &names)
            leaf.items.append((query, name))
            items.append((name, [operation]))
        }
    }

    var text: String {
        var tables: [String] = []
        let body = body(of: root, depth: 0, &tables)
        return """
            /// The operations of one path, by method.
            public struct PathItem: Sendable {
                /// The operation of GET.
                public var get: Route?
                /// The operation of PUT.
                public var put: Route?
                /// The operation of POST.
                public var post: Route?
                /// The operation of DELETE.
                public var delete: Route?
                /// The operation of PATCH.
                public var patch: Route?
                /// The operation of HEAD.
                public var head: Route?
                /// The operation of OPTIONS.
                public var options: Route?
                /// The operation of TRACE.
                public var trace: Route?
                /// The operations of all other methods.
                public var others: [String: Route] = [:]
                /// The positions of the path parameters, in the order of the template.
                public var parameters: [PathParameter] = []

                \(items.map(constant).lines().indented())
            }

            extension PathItem {
                /// The item at `path`; nil if there is none. Literal segments take precedence over parameters.
                public static func match(_ path: PathSegments, query: String = "") -> PathItem? {
                    \(body.indented(2))
                    return nil
                }\(tables.map { "\n\n    \($0.indented())" }.lines(""))
            }
            """
    }

    private func body(of branch: Branch, depth: Int, _ tables: inout [String]) -> String {
        var parts: [String] = []
        // A path that requires a query comes before one that does not.
        for item in branch.items.sorted(by: { $0.query > $1.query }) {
            let condition =
                item.query.isEmpty ? "" : ", PathSegments.query(query, holds: \(SwiftWriter.literal(item.query)))"
            parts.append("if path.count == \(depth)\(condition) { return \(item.name) }")
        }
        if !branch.literals.isEmpty {
            let isLookedUp = branch.literals.count > Self.comparisons
            let name = "segments\(tables.count)"
            if isLookedUp {
                let texts = branch.literals.map { SwiftWriter.literal($0.text) }.lines(", ")
                tables.append("private static let \(name) = SegmentTable(\(SwiftWriter.folded("[\(texts)]")))")
            }
            let cases = branch.literals.enumerated().map { index, literal in
                let label =
                    isLookedUp
                    ? "case \(index):  // \(SwiftWriter.line(literal.text))"
                    : "case \(SwiftWriter.literal(literal.text)):"
                return "\(label)\n    \(body(of: literal.branch, depth: depth + 1, &tables).indented())"
            }
            let subject = isLookedUp ? "Self.\(name).place(of: path[\(depth)])" : "path[\(depth)]"
            parts.append("switch \(subject) {\n\(cases.lines())\ndefault: break\n}")
        }
        for (literals, branch) in branch.mixed {
            let list = literals.map(SwiftWriter.literal).lines(", ")
            parts.append(
                "if path.matches([\(list)], at: \(depth)) {\n    \(body(of: branch, depth: depth + 1, &tables).indented())\n}"
            )
        }
        if let parameter = branch.parameter {
            parts.append(
                "if path.hasValue(at: \(depth)) {\n    \(body(of: parameter, depth: depth + 1, &tables).indented())\n}"
            )
        }
        return parts.lines()
    }

    private func constant(_ item: (name: String, operations: [Operation])) -> String {
        let methods = ["GET", "PUT", "POST", "DELETE", "PATCH", "HEAD", "OPTIONS", "TRACE"]
        var arguments = methods.compactMap { method in
            item.operations.first { $0.method == method }.map { "\(method.lowercased()): .\($0.functionName)" }
        }
        let others = item.operations.filter { !methods.contains($0.method) }
        if !others.isEmpty {
            arguments.append(
                "others: [\(others.map { "\(SwiftWriter.literal($0.method)): .\($0.functionName)" }.lines(", "))]"
            )
        }
        let places = (item.operations.first?.template.segments ?? []).enumerated().flatMap { index, segment in
            segment.parameterCount == 0 ? [] : parameters(of: segment, at: index)
        }
        if !places.isEmpty { arguments.append("parameters: [\(places.lines(", "))]") }
        return "private static let \(item.name) = PathItem(\(arguments.lines(", ")))"
    }

    private func parameters(of segment: [PathTemplate.Piece], at index: Int) -> [String] {
        if segment.count == 1 { return [".segment(\(index))"] }
        let literals = segment.literals.map(SwiftWriter.literal).lines(", ")
        return (0..<segment.parameterCount).map { ".part(\($0), of: \(index), between: [\(literals)])" }
    }
}

extension [PathTemplate.Piece] {
    fileprivate var parameterCount: Int {
        count { if case .parameter = $0 { true } else { false } }
    }

    /// The literal text around the parameters. Parts may be empty.
    fileprivate var literals: [String] {
        var literals = [""]
        for piece in self {
            switch piece {
            case .literal(let text): literals[literals.count - 1] = text
            case .parameter: literals.append("")
            }
        }
        return literals
    }
}
