/// Writes the expressions that read and write parameters, headers and bodies.
enum ParameterEmitter {
    /// The expression that describes a parameter to `ContractRuntime`.
    static func description(_ parameter: Parameter) -> String {
        var arguments = [SwiftWriter.literal(parameter.name)]
        if parameter.place == "path" { arguments.append("index: \(parameter.index)") }
        if parameter.style != defaultStyle(parameter.place) { arguments.append("style: .\(parameter.style)") }
        let explodes = ["form", "cookie", "deepObject"].contains(parameter.style)
        if parameter.explodes != explodes { arguments.append("explodes: \(parameter.explodes)") }
        if parameter.shape != .text { arguments.append("shape: \(text(of: parameter.shape))") }
        if parameter.isRequired { arguments.append("isRequired: true") }
        return ".\(parameter.place)(\(arguments.lines(", ")))"
    }

    /// The expression of a shape.
    static func text(of shape: TextShape) -> String {
        switch shape {
        case .any, .text, .literal, .file, .json: return ".\(shape)"
        case .array(let element): return ".array(\(text(of: element)))"
        case .object(let members, let others):
            let entries = members.map { "\(SwiftWriter.literal($0.name)): \(text(of: $0.shape))" }
            let rest = others.map { ", others: \(text(of: $0))" } ?? ""
            return ".object([\(entries.isEmpty ? ":" : entries.lines(", "))]\(rest))"
        }
    }

    private static func defaultStyle(_ place: String) -> String {
        switch place {
        case "query", "cookie": "form"
        default: "simple"
        }
    }

    /// `as: Int.self`, or the closure that reads a constrained value.
    static func reading(_ value: Value, of name: String) -> (argument: String, closure: String) {
        if value.isPlain, isNominal(value) { return ("as: \(value.swiftType).self", "") }
        let rule = value.rule == nil ? "" : "rule: Self.\(ruleName(name))"
        let closure = """
             { (json) throws(JSONSyntaxError) -> \(value.optionalType)? in
                \(ValueReader.read(value, of: name).indented())
            }
            """
        return (rule, closure)
    }

    /// Whether decoding the type needs no further checks.
    private static func isNominal(_ value: Value) -> Bool {
        switch value.kind {
        case .array(let element, _, _), .map(let element): element.isPlain && isNominal(element)
        default: true
        }
    }

    /// The constants needed to read values.
    static func constants(_ values: [(name: String, value: Value)]) -> [String] {
        ValueReader.constants(values)
            + values.compactMap { name, value in
                value.rule.map {
                    "private static let \(ruleName(name)): Rule = \(SwiftWriter.folded(RuleWriter.text($0)))"
                }
            }
    }

    private static func ruleName(_ name: String) -> String { name.filter { $0 != "`" } + "Rule" }

    /// A call with its trailing closure, if any.
    static func call(_ function: String, _ arguments: [String], _ closure: String) -> String {
        let arguments = arguments.filter { !$0.isEmpty }
        return arguments.isEmpty && !closure.isEmpty
            ? "\(function)\(closure)" : "\(function)(\(arguments.lines(", ")))\(closure)"
    }
}

extension Content {
    /// The expression that reads the body with `reader`.
    func read(by reader: String, of name: String) -> String {
        switch kind {
        case .json(let value):
            let (argument, closure) = ParameterEmitter.reading(value, of: name)
            return ParameterEmitter.call("\(reader).json", [argument], closure)
        case .form(let value, let shape):
            let (argument, closure) = ParameterEmitter.reading(value, of: name)
            return ParameterEmitter.call(
                "\(reader).form",
                ["shape: \(ParameterEmitter.text(of: shape))", argument],
                closure
            )
        case .multipart(let value, let shape):
            let (argument, closure) = ParameterEmitter.reading(value, of: name)
            return ParameterEmitter.call(
                "\(reader).multipart",
                ["shape: \(ParameterEmitter.text(of: shape))", argument],
                closure
            )
        case .text(let value):
            let (argument, closure) = ParameterEmitter.reading(value, of: name)
            return ParameterEmitter.call("\(reader).text", [argument], closure)
        case .bytes: return "\(reader).bytes()"
        case .lines(let value):
            let (argument, closure) = ParameterEmitter.reading(value, of: name)
            return ParameterEmitter.call("\(reader).lines", [argument], closure)
        case .events(let value):
            let (argument, closure) = ParameterEmitter.reading(value, of: name)
            return ParameterEmitter.call("\(reader).events", [argument], closure)
        }
    }

    /// The `try await` before reading the body. A stream is not awaited.
    var waiting: String {
        switch kind {
        case .lines, .events: ""
        default: "try await "
        }
    }

    /// The type to read, if it needs constants.
    var value: Value? {
        switch kind {
        case .json(let value), .form(let value, _), .multipart(let value, _), .text(let value), .lines(let value),
            .events(let value):
            value
        case .bytes: nil
        }
    }

    /// The expression that sends the body through `ContractRuntime`.
    func sending(_ name: String) -> String {
        let mediaType = SwiftWriter.literal(mediaType)
        return switch kind {
        case .json: ".json(\(name), mediaType: \(mediaType))"
        case .form(_, let shape): ".form(\(name), shape: \(ParameterEmitter.text(of: shape)))"
        case .multipart(_, let shape):
            ".multipart(\(name), shape: \(ParameterEmitter.text(of: shape)), mediaType: \(mediaType))"
        case .text: ".text(\(name), mediaType: \(mediaType))"
        case .bytes: ".bytes(\(name), mediaType: \(mediaType))"
        case .lines: ".lines(\(name), mediaType: \(mediaType))"
        case .events: ".events(\(name))"
        }
    }
}
