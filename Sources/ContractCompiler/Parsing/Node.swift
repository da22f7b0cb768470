/// A value of a YAML or JSON file, with its place.
package struct Node: Sendable {
    /// What the value is.
    package enum Value: Sendable {
        case scalar(Scalar)
        case sequence([Node])
        case mapping([Member])
    }

    /// A key and its value.
    package struct Member: Sendable {
        package let key: String
        package let keyLocation: Location
        package let value: Node

        /// A value under a name.
        package init(key: String, keyLocation: Location, value: Node) {
            self.key = key
            self.keyLocation = keyLocation
            self.value = value
        }
    }

    /// A value without parts. `text` is what the file says, so numbers stay exact.
    package struct Scalar: Sendable {
        /// The type that the YAML 1.2 core schema or JSON gives the text.
        package enum Kind: Sendable {
            case null
            case boolean
            case number
            case string
        }

        package let kind: Kind
        package let text: String

        /// A scalar that reads `text`.
        package init(kind: Kind, text: String) {
            self.kind = kind
            self.text = text
        }
    }

    /// What the value is.
    package let value: Value
    /// Where it starts.
    package let location: Location
    /// Where it stands in its document: a JSON Pointer (RFC 6901).
    package let pointer: String

    /// A value at a place.
    package init(value: Value, location: Location, pointer: String) {
        self.value = value
        self.location = location
        self.pointer = pointer
    }

    /// The root of a YAML or JSON file; nil when it cannot be read, which is then in the log.
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

    /// The root of any YAML document, its tags honoured.
    package static func readYAML(_ file: SourceFile) throws(ReadingError) -> Node {
        try YAMLReader.read(file, tags: .honoured)
    }
}

extension Node {
    /// The members, if this is a mapping.
    package var members: [Member]? {
        if case .mapping(let members) = value { members } else { nil }
    }

    /// The items, if this is a sequence.
    package var items: [Node]? {
        if case .sequence(let items) = value { items } else { nil }
    }

    /// The scalar, if this is one.
    package var scalar: Scalar? {
        if case .scalar(let scalar) = value { scalar } else { nil }
    }

    /// The text, if this is a string.
    package var string: String? {
        if case .scalar(let scalar) = value, scalar.kind == .string { scalar.text } else { nil }
    }

    /// The truth, if this is a boolean.
    package var boolean: Bool? {
        if case .scalar(let scalar) = value, scalar.kind == .boolean { scalar.text.lowercased() == "true" } else { nil }
    }

    /// The number, if this is a whole one of 64 bits.
    package var integer: Int? {
        if case .scalar(let scalar) = value, scalar.kind == .number { Int(scalar.text) } else { nil }
    }

    /// The value of a member.
    package subscript(key: String) -> Node? {
        members?.first { $0.key == key }?.value
    }

    /// Where the node comes from, for the comments of generated code: `file#/pointer`.
    package var origin: String {
        "\(location.file.displayPath.split(separator: "/").last ?? "")#\(pointer)"
    }

    /// The value's type in JSON Schema's words; `integer` is a kind of `number`.
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

    /// What the value is, in words.
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

    /// The node that `pointer` names below this one.
    package func node(at pointer: String) -> Node? {
        guard !pointer.isEmpty else { return self }
        // By bytes: a slash that a combining mark follows is a slash.
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
    /// A name as a token.
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

/// The bounds of what a reader accepts from a file.
enum ReadingLimit {
    /// Levels of nesting. libyaml has no limit of its own and is quadratic on nested flow sequences.
    static let depth = 256
    /// Nodes after all aliases are expanded.
    static let expandedNodes = 1_000_000
}

/// A file that cannot be read at all; what was wrong, and where.
package struct ReadingError: Error {
    let code: Diagnostic.Code
    package let message: String
    package let location: Location
    var notes: [Diagnostic.Note] = []
}

extension ReadingError {
    /// What a reader's caller finds wrong itself.
    package init(_ message: String, at location: Location) {
        self.init(code: .syntax, message: message, location: location)
    }
}
