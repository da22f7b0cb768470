/// A value of a YAML or JSON file, with its location.
package struct Node: Sendable {
    /// The content of a node.
    package enum Value: Sendable {
        case scalar(Scalar)
        case sequence([Node])
        case mapping([Member])
    }

    /// A member of a mapping.
    package struct Member: Sendable {
        package let key: String
        package let keyLocation: Location
        package let value: Node

        /// A named value.
        package init(key: String, keyLocation: Location, value: Node) {
            self.key = key
            self.keyLocation = keyLocation
            self.value = value
        }
    }

    /// A scalar. `text` is the text of the file, so numbers stay exact.
    package struct Scalar: Sendable {
        /// The type of the text in JSON or the YAML 1.2 core schema.
        package enum Kind: Sendable {
            case null
            case boolean
            case number
            case string
        }

        package let kind: Kind
        package let text: String

        /// A scalar with this text.
        package init(kind: Kind, text: String) {
            self.kind = kind
            self.text = text
        }
    }

    /// The content.
    package let value: Value
    /// The start of the node.
    package let location: Location
    /// The pointer of the node in its document: a JSON Pointer (RFC 6901).
    package let pointer: String

    /// Creates a value at a location.
    package init(value: Value, location: Location, pointer: String) {
        self.value = value
        self.location = location
        self.pointer = pointer
    }

    /// The root of a YAML or JSON file; nil if it cannot be read. The log then has the reason.
    package static func read(_ file: SourceFile, log: inout DiagnosticLog) -> Node? {
        do throws(ReadingError) {
            return try file.isJSON ? JSONReader.read(file) : YAMLReader.read(file)
        } catch {
            log.error(error.code, error.message, at: error.location, notes: error.notes)
            return nil
        }
    }

    /// The root of a JSON text.
    package static func readJSON(_ file: SourceFile) throws(ReadingError) -> Node { try JSONReader.read(file) }

    /// The root of any YAML document, with support for tags.
    package static func readYAML(_ file: SourceFile) throws(ReadingError) -> Node {
        try YAMLReader.read(file, tags: .supported)
    }
}

extension Node {
    /// The members, if it is a mapping.
    package var members: [Member]? {
        if case .mapping(let members) = value { members } else { nil }
    }

    /// The items, if it is a sequence.
    package var items: [Node]? {
        if case .sequence(let items) = value { items } else { nil }
    }

    /// The scalar, if it is one.
    package var scalar: Scalar? {
        if case .scalar(let scalar) = value { scalar } else { nil }
    }

    /// The text, if it is a string.
    package var string: String? {
        if case .scalar(let scalar) = value, scalar.kind == .string { scalar.text } else { nil }
    }

    /// The value, if it is a boolean.
    package var boolean: Bool? {
        if case .scalar(let scalar) = value, scalar.kind == .boolean { scalar.text.lowercased() == "true" } else { nil }
    }

    /// The number, if it is a 64-bit integer.
    package var integer: Int? {
        if case .scalar(let scalar) = value, scalar.kind == .number { Int(scalar.text) } else { nil }
    }

    /// The value of a member.
    package subscript(key: String) -> Node? {
        members?.first { $0.key == key }?.value
    }

    /// The origin of the node for comments in generated code: `file#/pointer`.
    package var origin: String {
        "\(location.file.displayPath.split(separator: "/").last ?? "")#\(pointer)"
    }

    /// The type of the value as JSON Schema names it. An `integer` is also a `number`.
    package var jsonType: String {
        switch value {
        case .mapping: "object"
        case .sequence: "array"
        case .scalar(let scalar):
            switch scalar.kind {
            case .null: "null"
            case .boolean: "boolean"
            case .number: "number"
            case .string: "string"
            }
        }
    }

    /// The kind of value, for messages.
    package var kindDescription: String {
        switch value {
        case .mapping: "a mapping"
        case .sequence: "a sequence"
        case .scalar(let scalar):
            switch scalar.kind {
            case .null: "null"
            case .boolean: "a boolean"
            case .number: "a number"
            case .string: "a string"
            }
        }
    }

    /// The node at `pointer`, relative to this one.
    package func node(at pointer: String) -> Node? {
        guard !pointer.isEmpty else { return self }
        // Compared as bytes: Swift joins a slash with a combining mark that follows it.
        guard pointer.utf8.first == UInt8(ascii: "/") else { return nil }
        return pointer.utf8.dropFirst().split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
            .reduce(Optional(self)) { node, token in
                let name = JSONPointer.unescape(String(Substring(token)))
                if let items = node?.items { return Int(name).flatMap { items.indices.contains($0) ? items[$0] : nil } }
                return node?[name]
            }
    }
}

/// The reference tokens of JSON Pointers (RFC 6901, section 3).
package enum JSONPointer {
    /// Encodes a name as a token.
    package static func escape(_ name: String) -> String {
        name.unicodeScalars.reduce(into: "") { escaped, scalar in
            switch scalar {
            case "~": escaped += "~0"
            case "/": escaped += "~1"
            default: escaped.unicodeScalars.append(scalar)
            }
        }
    }

    static func unescape(_ token: String) -> String {
        var name = String.UnicodeScalarView()
        var rest = token.unicodeScalars[...]
        while let scalar = rest.popFirst() {
            switch (scalar, rest.first) {
            case ("~", "0"): name.append("~")
            case ("~", "1"): name.append("/")
            default:
                name.append(scalar)
                continue
            }
            rest.removeFirst()
        }
        return String(name)
    }
}

/// The limits for files that a reader accepts.
enum ReadingLimit {
    /// The maximum nesting. libyaml has no limit, and takes quadratic time for nested flow sequences.
    static let depth = 256
    /// The maximum number of nodes after aliases are expanded.
    static let expandedNodes = 1_000_000
}

/// The reason and location of a failure to read a file.
package struct ReadingError: Error {
    let code: Diagnostic.Code
    package let message: String
    package let location: Location
    var notes: [Diagnostic.Note] = []
}

extension ReadingError {
    /// An error that the caller of a reader found.
    package init(_ message: String, at location: Location) {
        self.init(code: .syntax, message: message, location: location)
    }
}
