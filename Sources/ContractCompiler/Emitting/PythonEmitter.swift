/// Writes a contract in Python: data classes that read and write JSON, and a client that calls the operations.
///
/// The module needs only the standard library of Python 3.10 or later. The client takes a function that sends requests, so an SDK keeps
/// its own transport, retries and journal.
package struct PythonEmitter {
    private let contract: Contract
    private let models: [String: Model]

    /// Creates an emitter for `contract`.
    package init(_ contract: Contract) {
        self.contract = contract
        models = Dictionary(contract.models.map { ($0.name, $0) }) { first, _ in first }
    }

    /// The text of the module.
    package func text(displayPath: String) -> String {
        """
        # Generated from \(SwiftWriter.line(displayPath)). Edit that file, not this one.
        \"\"\"\(literalText(contract.title)): data classes and a client.\"\"\"
        from __future__ import annotations

        import dataclasses
        import datetime
        import decimal
        import enum
        import typing
        import urllib.parse
        import uuid

        \(support)

        \(contract.models.compactMap(model).lines("\n\n\n"))

        \(client)
        """
    }

    // MARK: - Support code of every module

    private let support = #"""
        class Problem(Exception):
            """An error response (RFC 9457)."""

            def __init__(self, status: int, body: object) -> None:
                self.status = status
                self.body = body
                fields = body if isinstance(body, dict) else {}
                self.code = fields.get("code") or fields.get("type") or "about:blank"
                self.errors = fields.get("errors") or []
                super().__init__(f"{status} {self.code}: {fields.get('detail') or fields.get('title') or ''}")


        @dataclasses.dataclass
        class Response:
            """The response of a transport: the status and the JSON body, with numbers as int and Decimal."""

            status: int
            body: typing.Any = None


        #: A JSON object.
        JSON = typing.Dict[str, typing.Any]

        #: Sends a request: method, path with its query, header fields, JSON body or None.
        Transport = typing.Callable[[str, str, typing.Dict[str, str], object], Response]


        def _parse_time(value: str) -> datetime.datetime:
            return datetime.datetime.fromisoformat(value.upper().replace("Z", "+00:00"))


        _Value = typing.TypeVar("_Value")


        def _optional(
            value: typing.Any, read: typing.Callable[[typing.Any], _Value]
        ) -> typing.Optional[_Value]:
            """Applies `read` to a value. None stays None."""
            return None if value is None else read(value)


        def _format_time(value: datetime.datetime) -> str:
            if value.tzinfo is None:
                raise ValueError("the time has no time zone")
            return value.astimezone(datetime.timezone.utc).isoformat().replace("+00:00", "Z")


        def _to_json(value: object) -> object:
            """Converts a union to JSON: a data class, a list of data classes, or JSON."""
            if isinstance(value, list):
                return [_to_json(item) for item in value]
            return value.to_json() if hasattr(value, "to_json") else value


        def _query(pairs: typing.List[typing.Tuple[str, object]]) -> str:
            """The query string of all pairs with a value. A list repeats its name for each item."""
            flat: typing.List[typing.Tuple[str, str]] = []
            for name, value in pairs:
                for item in value if isinstance(value, list) else [value]:
                    if item is not None:
                        flat.append((name, str(item).lower() if isinstance(item, bool) else str(item)))
            return "?" + urllib.parse.urlencode(flat) if flat else ""
        """#

    // MARK: - Models

    private func model(_ model: Model) -> String? {
        switch model.shape {
        case .structure(let properties, let others): structure(model, properties, others)
        case .enumeration(let enumeration): self.enumeration(model, enumeration)
        case .union, .tuple, .wrapper, .alias: nil
        }
    }

    /// An enumeration, or, if it is open, a subclass of its raw type with the known values as constants.
    private func enumeration(_ model: Model, _ enumeration: Enumeration) -> String {
        var names: Set<String> = []
        let cases = enumeration.values.map { value in
            "\(SwiftName.distinct(Self.constant(value), &names)) = \(Self.literal(value))"
        }
        let rawType = enumeration.isInteger ? "int" : "str"
        return """
            class \(model.name)(\(rawType)\(enumeration.isOpen ? "" : ", enum.Enum")):
                \(doc(model.description, model.node).indented())

                \(cases.lines().indented())
            """
    }

    private func structure(_ model: Model, _ properties: [Property], _ others: OtherMembers) -> String {
        let properties = Emitted.distinct(properties, besides: ["additional_properties"]) {
            Self.snake($0.givenName ?? SwiftName.camelCase($0.name))
        }
        // A field without a default must come before fields with one.
        let ordered = properties.filter { isNeeded($0) } + properties.filter { !isNeeded($0) }
        let fields = ordered.map { property in
            let annotation =
                "\(property.identifier): \(isNeeded(property) ? type(property.value) : "typing.Optional[\(type(property.value))]")"
            return annotation + (isNeeded(property) ? "" : " = None")
        }
        let isOpen = if case .collected = others { true } else { false }
        let rest =
            isOpen ? ["additional_properties: typing.Dict[str, object] = dataclasses.field(default_factory=dict)"] : []
        let known = "{\(properties.map { NodeWriter.quoted($0.name) }.lines(", "))}"
        let reads =
            properties.map { property in
                let value =
                    "body\(isNeeded(property) ? "[\(NodeWriter.quoted(property.name))]" : ".get(\(NodeWriter.quoted(property.name)))")"
                return "\(property.identifier)=\(read(property.value, value, isOptional: !isNeeded(property))),"
            }
            + (isOpen
                ? ["additional_properties={name: value for name, value in body.items() if name not in \(known)},"] : [])
        let writes = properties.map { property in
            let value = "self.\(property.identifier)"
            let assignment = "body[\(NodeWriter.quoted(property.name))] = \(write(property.value, value))"
            return property.isRequired && property.value.isNullable || isNeeded(property)
                ? assignment : "if \(value) is not None:\n    \(assignment)"
        }
        return """
            @dataclasses.dataclass
            class \(model.name):
                \(doc(model.description, model.node).indented())

                \((fields + rest + (fields.isEmpty && rest.isEmpty ? ["pass"] : [])).lines().indented())

                @staticmethod
                def from_json(body: JSON) -> \(model.name):
                    return \(model.name)(
                        \(reads.lines().indented(3))
                    )

                def to_json(self) -> JSON:
                    body: JSON = \(isOpen ? "dict(self.additional_properties)" : "{}")
                    \(writes.lines().indented(2))
                    return body
            """
    }

    private func isNeeded(_ property: Emitted<Property>) -> Bool {
        property.isRequired && !property.value.isNullable && !property.isReadOnly && !property.isWriteOnly
    }

    private func doc(_ text: String?, _ node: Node) -> String {
        let text = text.map { SwiftWriter.line($0) }.map { literalText($0) + " " } ?? ""
        return "\"\"\"\(text)(\(literalText(node.origin)))\"\"\""
    }

    private func literalText(_ text: String) -> String {
        SwiftWriter.line(text).map { $0 == "\\" ? "\\\\" : $0 == "\"" ? "'" : String($0) }.joined()
    }

    // MARK: - Values

    private func type(_ value: Value) -> String {
        switch value.kind {
        case .string, .bytes: "str"
        case .integer: "int"
        case .number: "float"
        case .decimal: "decimal.Decimal"
        case .boolean: "bool"
        case .timestamp: "datetime.datetime"
        case .date: "datetime.date"
        case .uuid: "uuid.UUID"
        case .null: "None"
        case .any, .file: "object"
        case .object: "JSON"
        case .map(let element): "typing.Dict[str, \(optional(element))]"
        case .array(let element, _, _): "typing.List[\(optional(element))]"
        case .named(let name):
            switch models[name]?.shape {
            case .structure, .enumeration: name
            case .alias(let inner): type(inner)
            default: "object"
            }
        }
    }

    private func optional(_ value: Value) -> String {
        value.isNullable ? "typing.Optional[\(type(value))]" : type(value)
    }

    /// The expression that converts JSON to a value.
    private func read(_ value: Value, _ text: String, isOptional: Bool = false) -> String {
        let expression: String
        switch value.kind {
        case .timestamp: expression = "_parse_time(\(text))"
        case .date: expression = "datetime.date.fromisoformat(\(text))"
        case .uuid: expression = "uuid.UUID(\(text))"
        case .decimal: expression = "decimal.Decimal(str(\(text)))"
        case .array(let element, _, _):
            let item = read(element, "item", isOptional: element.isNullable)
            expression = item == "item" ? text : "[\(item) for item in \(text)]"
        case .map(let element):
            let item = read(element, "item", isOptional: element.isNullable)
            expression = item == "item" ? text : "{name: \(item) for name, item in \(text).items()}"
        case .named(let name):
            switch models[name]?.shape {
            case .structure: expression = "\(name).from_json(\(text))"
            case .enumeration: expression = "\(name)(\(text))"
            case .alias(let inner): expression = read(inner, text)
            default: expression = text
            }
        default: expression = text
        }
        guard isOptional, expression != text else { return expression }
        let reading = read(value, "value")
        let isCall = reading.hasSuffix("(value)") && !reading.contains(" ")
        return "_optional(\(text), \(isCall ? String(reading.dropLast(7)) : "lambda value: \(reading)"))"
    }

    /// The expression that converts a value to JSON.
    private func write(_ value: Value, _ text: String) -> String {
        let expression: String
        switch value.kind {
        case .timestamp: expression = "_format_time(\(text))"
        case .date: expression = "\(text).isoformat()"
        case .uuid: expression = "str(\(text))"
        // A string, because Python's encoder would write a float.
        case .decimal: expression = "str(\(text))"
        case .array(let element, _, _):
            let item = write(element, "item")
            expression = item == "item" ? text : "[\(item) for item in \(text)]"
        case .map(let element):
            let item = write(element, "item")
            expression = item == "item" ? text : "{name: \(item) for name, item in \(text).items()}"
        case .named(let name):
            switch models[name]?.shape {
            case .structure: expression = "\(text).to_json()"
            case .enumeration(let enumeration) where !enumeration.isOpen: expression = "\(text).value"
            case .union: expression = "_to_json(\(text))"
            case .alias(let inner): expression = write(inner, text)
            default: expression = text
            }
        default: expression = text
        }
        return value.isNullable && expression != text ? "None if \(text) is None else \(expression)" : expression
    }

    // MARK: - The client

    private var client: String {
        """

        class Client:
            \"\"\"Calls the operations over a transport.\"\"\"

            def __init__(self, transport: Transport) -> None:
                self._transport = transport

            \(contract.operations.compactMap(call).lines("\n\n").indented())

        """
    }

    /// Operations with bodies other than JSON are omitted; the SDK implements them.
    private func call(_ operation: Operation) -> String? {
        let body = operation.body?.contents.first
        var bodyValue: Value?
        if let body {
            guard case .json(let value) = body.kind else { return nil }
            bodyValue = value
        }
        let parameters = Emitted.distinct(operation.parameters, besides: ["body"]) {
            Self.snake(SwiftName.camelCase($0.name))
        }
        let needed = parameters.filter { $0.isRequired }
        let others = parameters.filter { !$0.isRequired }
        var arguments = ["self"] + needed.map { "\($0.identifier): \(type($0.value))" }
        if let bodyValue { arguments.append("body: \(type(bodyValue))") }
        arguments += others.map { "\($0.identifier): typing.Optional[\(type($0.value))] = None" }
        var path =
            (operation.template.parameterNames.isEmpty ? "\"" : "f\"")
            + operation.template.text.filter { $0 != "\"" && $0 != "\\" } + "\""
        for parameter in parameters where parameter.place == "path" {
            let text = write(parameter.value, parameter.identifier)
            let value = "{urllib.parse.quote(\(text.hasPrefix("str(") ? text : "str(\(text))"), safe='')}"
            path = Self.replacing("{\(parameter.name)}", in: path, with: value)
        }
        let query = parameters.filter { $0.place == "query" }.map(pair)
        let headers = parameters.filter { $0.place == "header" }.map(pair)
        let result = result(operation)
        let target = query.isEmpty ? path : "\(path) + _query([\(query.lines(", "))])"
        let fields =
            headers.isEmpty
            ? "{}" : "{name: str(value) for name, value in [\(headers.lines(", "))] if value is not None}"
        return """
            def \(Self.snake(SwiftName.camelCase(operation.id)))(\(arguments.lines(", "))) -> \(result.type):
                \(doc(operation.summary, operation.node).indented())
                response = self._transport(\(NodeWriter.quoted(operation.method)), \(target), \(fields), \(bodyValue.map { write($0, "body") } ?? "None"))
                \(result.reading.indented())
            """
    }

    private func pair(_ parameter: Emitted<Parameter>) -> String {
        let name = parameter.identifier
        let value = write(parameter.value, name)
        let text = parameter.isRequired || value == name ? value : "None if \(name) is None else \(value)"
        return "(\(NodeWriter.quoted(parameter.name)), \(text))"
    }

    /// The result types of an operation's JSON responses. All other statuses raise a problem.
    private func result(_ operation: Operation) -> (type: String, reading: String) {
        var types: [String] = []
        var lines: [String] = []
        for response in operation.responses {
            guard case .code(let status) = response.status, status < 300 else { continue }
            var value = "None"
            var name = "None"
            if let content = response.body?.contents.first {
                if case .json(let body) = content.kind {
                    value = read(body, "response.body", isOptional: body.isNullable)
                    name = type(body)
                    if value == "response.body", name != "object" { value = "typing.cast(\(name), response.body)" }
                } else {
                    value = "response.body"
                    name = "object"
                }
            }
            if !types.contains(name) { types.append(name) }
            lines.append("if response.status == \(status):\n    return \(value)")
        }
        lines.append("raise Problem(response.status, response.body)")
        let union =
            types.count == 1 ? types[0] : types.isEmpty ? "typing.NoReturn" : "typing.Union[\(types.lines(", "))]"
        return (union, lines.lines())
    }

    // MARK: - Names

    private static let keywords: Set = [
        "False", "None", "True", "and", "as", "assert", "async", "await", "break", "class", "continue", "def", "del",
        "elif",
        "else", "except", "finally", "for", "from", "global", "if", "import", "in", "is", "lambda", "nonlocal", "not",
        "or",
        "pass", "raise", "return", "try", "while", "with", "yield", "self", "body", "name", "item", "response",
    ]

    /// `botID` → `bot_id`, `class` → `class_`
    private static func snake(_ name: String) -> String {
        let snake = underscored(name)
        return keywords.contains(snake) && !["name", "body", "item", "response"].contains(snake) ? snake + "_" : snake
    }

    private static func underscored(_ name: String) -> String {
        var snake = ""
        var wasLower = false
        for character in name where character != "`" {
            if character.isUppercase, wasLower { snake += "_" }
            wasLower = character.isLowercase || character.isNumber
            snake += character.lowercased()
        }
        return snake
    }

    private static func literal(_ value: Enumeration.Value) -> String {
        switch value {
        case .text(let text): NodeWriter.quoted(text)
        case .integer(let number): "\(number)"
        }
    }

    /// `risk-off` → `RISK_OFF`, `<=` → `LESS_THAN_EQUALS`, `-1` → `MINUS_1`. Values may have the same name.
    private static func constant(_ value: Enumeration.Value) -> String {
        let text =
            switch value {
            case .text(let text): text
            case .integer(let number): "\(number)"
            }
        var words = SwiftName.symbolWords(of: text) ?? SwiftName.words(of: text)
        if let sign = text.first, text.dropFirst().first?.isNumber == true,
            let word = SwiftName.symbolWords(of: String(sign))
        {
            words = word + words
        }
        let name = words.map(underscored).lines("_").uppercased()
        if name.isEmpty { return text.isEmpty ? "EMPTY" : "MEMBER" }
        return name.first?.isNumber == true ? "_" + name : name
    }

    private static func replacing(_ text: String, in whole: String, with other: String) -> String {
        whole.split(separator: text, omittingEmptySubsequences: false).joined(separator: other)
    }
}
