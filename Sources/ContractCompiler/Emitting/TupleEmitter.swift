/// Writes an array whose first items have individual types, in Swift.
struct TupleEmitter {
    let model: Model
    let elements: [Value]
    let required: Int
    let rest: Value?

    var text: String {
        """
        \(ModelEmitter.doc(model))
        public struct \(model.name): ContractModel {
            \(declarations.lines().indented())

            /// Creates a value.
            public init(\(arguments.lines(", "))) {
                \(names.map { "self.\($0) = \($0)" }.lines().indented(2))
            }
        }

        extension \(model.name) {
            \(SwiftWriter.constants(constants))/// Reads and validates one value.
            public init?(from json: inout JSONReader) throws(JSONSyntaxError) {
                let start = try json.position()
                guard try json.beginArray() else { return nil }
                \(elements.enumerated().map { "var item\($0.offset): \($0.element.swiftType)?" }.lines().indented(2))\(rest.map { "\n        var others: [\($0.optionalType)] = []" } ?? "")
                var count = 0
                while try json.nextItem() {
                    switch count {
                    \(elements.enumerated().map { readCase($0.offset, $0.element) }.lines().indented(3))
                    default:\(readRest.indented(4))
                    }
                    count += 1
                }
                json.requireItems(\(required), found: count, at: start)\(ModelEmitter.ruleCheck(model, levels: 2))\(unwrapping)
                self.init(\(names.map { "\($0): \($0)" }.lines(", ")))
            }

            /// Writes the items in order.
            public func write(to json: inout JSONWriter) {
                json.beginArray()
                \(elements.enumerated().map { write($0.offset, $0.element) }.lines().indented(2))\(rest == nil ? "" : "\n        for item in others { item.write(to: &json) }")
                json.endArray()
            }
        }
        """
    }

    private var names: [String] { elements.indices.map { "item\($0)" } + (rest == nil ? [] : ["others"]) }

    /// Whether an item may contain another value of this type, and so needs indirect storage.
    private func needsIndirection(_ element: Value) -> Bool {
        if case .named = element.kind { model.isRecursive } else { false }
    }

    private func type(_ index: Int, _ value: Value) -> String {
        value.swiftType + (index < required && !value.isNullable ? "" : "?")
    }

    private var declarations: [String] {
        elements.enumerated().map {
            "/// Item \($0.offset).\n\(needsIndirection($0.element) ? "@Indirect " : "")public var item\($0.offset): \(type($0.offset, $0.element))"
        }
            + (rest.map { ["/// The remaining items.\npublic var others: [\($0.optionalType)]"] } ?? [])
    }

    private var arguments: [String] {
        elements.enumerated().map {
            "item\($0.offset): \(type($0.offset, $0.element))\($0.offset < required ? "" : " = nil")"
        }
            + (rest.map { ["others: [\($0.optionalType)] = []"] } ?? [])
    }

    private var constants: [String] {
        ValueReader.constants(
            elements.enumerated().map { ("item\($0.offset)", $0.element) } + (rest.map { [("others", $0)] } ?? [])
        )
            + ModelEmitter.ruleConstant(model)
    }

    private func readCase(_ index: Int, _ value: Value) -> String {
        let read = ValueReader.readPresent(value, of: "item\(index)")
        return "case \(index): item\(index) = \(value.isNullable ? "try json.skipNull() ? nil : \(read)" : read)"
    }

    private var readRest: String {
        guard let rest else { return " try json.skipValue()" }
        return
            "\nlet item: \(rest.optionalType)? = \(ValueReader.read(rest, of: "others"))\nif let item { others.append(item) }"
    }

    private var unwrapping: String {
        let names = elements.enumerated().filter { $0.offset < required && !$0.element.isNullable }.map {
            "let item\($0.offset)"
        }
        return names.isEmpty ? "" : "\n        guard \(names.lines(", ")) else { return nil }"
    }

    private func write(_ index: Int, _ value: Value) -> String {
        if index < required { return "item\(index).write(to: &json)" }
        // Items before a present one must be present too.
        let following = names.dropFirst(index).map { $0 == "others" ? "!others.isEmpty" : "\($0) != nil" }.lines(" || ")
        return "if \(following) { item\(index).write(to: &json) }"
    }
}
