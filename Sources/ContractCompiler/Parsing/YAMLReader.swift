internal import CYAML

/// Reads one YAML document into nodes through libyaml's event parser.
///
/// libyaml scans and parses. This type interprets scalars by the YAML 1.2 core schema (YAML 1.2.2, section 10.3), so `no` and `2024-01-01`
/// are strings. It rejects duplicate keys, keys that are not scalars, recursive or exploding aliases, and multiple documents.
struct YAMLReader: ~Copyable {
    /// How tags other than `!!str` are treated.
    enum Tags {
        /// They are errors: contracts do not need them.
        case rejected
        /// The seven tags of the core and failsafe schemas determine the type (YAML 1.2.2, chapter 10). Others are ignored.
        case supported
    }

    private let file: SourceFile
    private let tags: Tags
    private var parser = yaml_parser_t()
    /// The nodes with an anchor, with their number of nodes and levels of nesting.
    private var anchors: [String: (node: Node, size: Int, height: Int)] = [:]
    private var openAnchors: Set<String> = []
    private var expandedNodes = 0
    /// The deepest level since the innermost open anchor.
    private var deepest = 0

    /// Reads the only document of `file`. An empty file is null.
    static func read(_ file: SourceFile, tags: Tags = .rejected) throws(ReadingError) -> Node {
        var reader = YAMLReader(file, tags)
        // libyaml keeps the pointer, so parsing must finish inside of the closure.
        let result = file.bytes.withUnsafeBufferPointer { bytes in
            Result { () throws(ReadingError) in
                yaml_parser_set_input_string(&reader.parser, bytes.baseAddress, bytes.count)
                return try reader.document()
            }
        }
        return try result.get()
    }

    private init(_ file: SourceFile, _ tags: Tags) {
        self.file = file
        self.tags = tags
        // Fails only if memory is exhausted (yaml.h).
        precondition(yaml_parser_initialize(&parser) == 1, "libyaml cannot allocate a parser")
    }

    deinit {
        var parser = parser
        yaml_parser_delete(&parser)
    }

    private mutating func document() throws(ReadingError) -> Node {
        var root: Node?
        while true {
            let event = try next()
            switch event.type {
            case YAML_STREAM_END_EVENT:
                return root
                    ?? Node(
                        value: .scalar(.init(kind: .null, text: "")),
                        location: Location(file: file, line: 1, column: 1),
                        pointer: ""
                    )
            case YAML_STREAM_START_EVENT, YAML_DOCUMENT_END_EVENT: continue
            case YAML_DOCUMENT_START_EVENT:
                guard root == nil else {
                    throw ReadingError(
                        code: .secondDocument,
                        message: "a second document; a file must contain one",
                        location: event.location
                    )
                }
                root = try node(from: try next(), pointer: "", depth: 0)
            default:
                throw ReadingError(code: .syntax, message: "content outside of a document", location: event.location)
            }
        }
    }

    private mutating func node(from event: Event, pointer: String, depth: Int) throws(ReadingError) -> Node {
        try checkDepth(depth, at: event.location)
        if event.type == YAML_ALIAS_EVENT { return try alias(event, depth) }
        let (sizeBefore, deepestBefore) = (expandedNodes, deepest)
        if event.anchor != nil { deepest = depth }
        try count(1, at: event.location)
        if let anchor = event.anchor { openAnchors.insert(anchor) }
        try checkTag(of: event)
        let value: Node.Value =
            switch event.type {
            case YAML_SEQUENCE_START_EVENT: try sequence(pointer, depth)
            case YAML_MAPPING_START_EVENT: try mapping(pointer, depth)
            default: .scalar(try scalar(event))
            }
        let node = Node(value: value, location: event.location, pointer: pointer)
        if let anchor = event.anchor {
            openAnchors.remove(anchor)
            anchors[anchor] = (node, expandedNodes - sizeBefore, deepest - depth)
            deepest = max(deepest, deepestBefore)
        }
        return node
    }

    private mutating func checkDepth(_ depth: Int, at location: Location) throws(ReadingError) {
        deepest = max(deepest, depth)
        guard depth < ReadingLimit.depth else {
            throw ReadingError(
                code: .nesting,
                message: "more than \(ReadingLimit.depth) levels of nesting",
                location: location
            )
        }
    }

    private mutating func alias(_ event: Event, _ depth: Int) throws(ReadingError) -> Node {
        let name = event.anchor ?? ""
        guard !openAnchors.contains(name) else {
            throw ReadingError(
                code: .recursiveAlias,
                message: "the alias '*\(name)' is inside of the node that it refers to",
                location: event.location
            )
        }
        guard let anchor = anchors[name] else {
            throw ReadingError(
                code: .unknownAnchor,
                message: "the anchor '&\(name)' is not defined before this alias",
                location: event.location
            )
        }
        try count(anchor.size, at: event.location)
        // The aliased node adds levels of nesting too.
        try checkDepth(depth + anchor.height, at: event.location)
        return anchor.node
    }

    private mutating func count(_ nodes: Int, at location: Location) throws(ReadingError) {
        expandedNodes += nodes
        guard expandedNodes <= ReadingLimit.expandedNodes else {
            let message = "more than \(ReadingLimit.expandedNodes) nodes after aliases are expanded"
            throw ReadingError(code: .aliasExpansion, message: message, location: location)
        }
    }

    private mutating func sequence(_ pointer: String, _ depth: Int) throws(ReadingError) -> Node.Value {
        var items: [Node] = []
        while true {
            let event = try next()
            if event.type == YAML_SEQUENCE_END_EVENT { return .sequence(items) }
            items.append(try node(from: event, pointer: "\(pointer)/\(items.count)", depth: depth + 1))
        }
    }

    private mutating func mapping(_ pointer: String, _ depth: Int) throws(ReadingError) -> Node.Value {
        var members: [Node.Member] = []
        var places: [String: Location] = [:]
        while true {
            let event = try next()
            if event.type == YAML_MAPPING_END_EVENT { return .mapping(members) }
            // A key may have an anchor or be an alias, like any other node.
            guard event.type == YAML_SCALAR_EVENT || event.type == YAML_ALIAS_EVENT,
                let key = try node(from: event, pointer: pointer, depth: depth).scalar?.text
            else {
                throw ReadingError(code: .keyType, message: "a key that is not a string", location: event.location)
            }
            if let first = places.updateValue(event.location, forKey: key) {
                let note = Diagnostic.Note(message: "the first one is here", location: first)
                throw ReadingError(
                    code: .duplicateKey,
                    message: "the key '\(key)' is given twice",
                    location: event.location,
                    notes: [note]
                )
            }
            let value = try node(from: try next(), pointer: "\(pointer)/\(JSONPointer.escape(key))", depth: depth + 1)
            members.append(Node.Member(key: key, keyLocation: event.location, value: value))
        }
    }

    private static let prefix = "tag:yaml.org,2002:"

    /// Checks the tag of a collection. It may only repeat the type of the collection.
    private func checkTag(of event: Event) throws(ReadingError) {
        guard event.type != YAML_SCALAR_EVENT, let tag = event.tag, tag != "!" else { return }
        let own = Self.prefix + (event.type == YAML_SEQUENCE_START_EVENT ? "seq" : "map")
        if tag == own || tags == .supported && !Self.coreTags.contains(tag) { return }
        throw ReadingError(
            code: .tag,
            message:
                "the tag '\(tag)' is not allowed on \(event.type == YAML_SEQUENCE_START_EVENT ? "a sequence" : "a mapping")",
            location: event.location
        )
    }

    private static let coreTags = Set(["str", "int", "float", "bool", "null", "seq", "map"].map { prefix + $0 })

    private func scalar(_ event: Event) throws(ReadingError) -> Node.Scalar {
        let text = event.text ?? ""
        let plain = Node.Scalar(kind: event.isPlain ? CoreSchema.kind(of: text) : .string, text: text)
        guard let tag = event.tag, tag != "?" else { return plain }
        if tag == "!" || tag == Self.prefix + "str" { return Node.Scalar(kind: .string, text: text) }
        guard tags == .supported else {
            throw ReadingError(
                code: .tag,
                message: "the tag '\(tag)' is not allowed in a contract",
                location: event.location
            )
        }
        guard Self.coreTags.contains(tag) else { return plain }
        guard let kind = CoreSchema.kind(of: text, tagged: String(tag.dropFirst(Self.prefix.count))) else {
            throw ReadingError(
                code: .tag,
                message: "'\(text)' is not a '!!\(tag.dropFirst(Self.prefix.count))'",
                location: event.location
            )
        }
        return Node.Scalar(kind: kind, text: text)
    }

    private mutating func next() throws(ReadingError) -> Event {
        var event = yaml_event_t()
        guard yaml_parser_parse(&parser, &event) == 1 else {
            let problem = parser.problem.map { String(cString: $0) } ?? "unreadable YAML"
            let context = parser.context.map { String(cString: $0) + ": " } ?? ""
            throw ReadingError(
                code: .syntax,
                message: context + problem,
                location: Location(parser.problem_mark, in: file)
            )
        }
        defer { yaml_event_delete(&event) }
        return Event(event, in: file)
    }
}

/// The data of a libyaml event that is kept after the event is freed.
private struct Event {
    let type: yaml_event_type_t
    let location: Location
    var anchor: String?
    var tag: String?
    var text: String?
    var isPlain = false

    init(_ event: yaml_event_t, in file: SourceFile) {
        type = event.type
        location = Location(event.start_mark, in: file)
        switch event.type {
        case YAML_SCALAR_EVENT:
            let scalar = event.data.scalar
            anchor = Self.string(scalar.anchor)
            tag = Self.string(scalar.tag)
            text = String(decoding: UnsafeBufferPointer(start: scalar.value, count: scalar.length), as: UTF8.self)
            isPlain = scalar.style == YAML_PLAIN_SCALAR_STYLE
        case YAML_SEQUENCE_START_EVENT:
            anchor = Self.string(event.data.sequence_start.anchor)
            tag = Self.string(event.data.sequence_start.tag)
        case YAML_MAPPING_START_EVENT:
            anchor = Self.string(event.data.mapping_start.anchor)
            tag = Self.string(event.data.mapping_start.tag)
        case YAML_ALIAS_EVENT: anchor = Self.string(event.data.alias.anchor)
        default: break
        }
    }

    private static func string(_ pointer: UnsafePointer<UInt8>?) -> String? {
        pointer.map { String(cString: $0) }
    }
}

extension Location {
    /// libyaml counts lines and columns from 0.
    fileprivate init(_ mark: yaml_mark_t, in file: SourceFile) {
        self.init(file: file, line: mark.line + 1, column: mark.column + 1)
    }
}

/// The type of a plain scalar (YAML 1.2.2, section 10.3.2).
enum CoreSchema {
    static func kind(of text: String) -> Node.Scalar.Kind {
        switch text {
        case "", "~", "null", "Null", "NULL": .null
        case "true", "True", "TRUE", "false", "False", "FALSE": .boolean
        default: isNumber(text) ? .number : .string
        }
    }

    /// The type of a scalar with a core schema tag, in any style; nil if the text is not a value of that type.
    static func kind(of text: String, tagged name: String) -> Node.Scalar.Kind? {
        let kind = kind(of: text)
        switch name {
        case "null", "bool": return kind == (name == "null" ? .null : .boolean) ? kind : nil
        case "float": return kind == .number ? kind : nil
        case "int":
            return kind == .number && !text.contains(where: { ".eE".contains($0) && !text.hasPrefix("0x") })
                ? kind : nil
        default: return nil
        }
    }

    private static func isNumber(_ text: String) -> Bool {
        if text.hasPrefix("0x") { return text.count > 2 && text.dropFirst(2).allSatisfy(\.isHexDigit) }
        if text.hasPrefix("0o") { return text.count > 2 && text.dropFirst(2).allSatisfy { ("0"..."7").contains($0) } }
        var rest = Substring(text)
        if rest.first == "-" || rest.first == "+" { rest.removeFirst() }
        if [".inf", ".Inf", ".INF"].contains(rest) || [".nan", ".NaN", ".NAN"].contains(text) { return true }
        let whole = takeDigits(&rest)
        var fraction = 0
        if rest.first == "." {
            rest.removeFirst()
            fraction = takeDigits(&rest)
        }
        guard whole + fraction > 0 else { return false }
        guard let exponent = rest.first else { return true }
        guard exponent == "e" || exponent == "E" else { return false }
        rest.removeFirst()
        if rest.first == "-" || rest.first == "+" { rest.removeFirst() }
        return takeDigits(&rest) > 0 && rest.isEmpty
    }

    private static func takeDigits(_ text: inout Substring) -> Int {
        let digits = text.prefix { $0.isASCII && $0.isWholeNumber }
        text.removeFirst(digits.count)
        return digits.count
    }
}
