/// Writes a union in Swift.
struct UnionEmitter {
    private let model: Model
    private let union: Union
    private let branches: [Emitted<Union.Branch>]

    init(_ model: Model, _ union: Union) {
        self.model = model
        self.union = union
        branches = union.swiftBranches
    }

    var text: String {
        """
        \(ModelEmitter.doc(model))
        public \(union.isIndirect ? "indirect " : "")enum \(model.name): ContractModel {
            \(branches.map { "case \($0.identifier)(\($0.value.optionalType))" }.lines().indented())
        }

        extension \(model.name) {
            \(SwiftWriter.constants(constants))/// Reads and validates one value.
            public init?(from json: inout JSONReader) throws(JSONSyntaxError) {
                \(startsAt)\(decide(union.decision).indented(2))\(ModelEmitter.ruleCheck(model, levels: 2))
            }

            /// Writes the value.
            public func write(to json: inout JSONWriter) {
                switch self {
                \(branches.map { "case .\($0.identifier)(let value): value.write(to: &json)" }.lines().indented(2))
                }
            }
        }
        """
    }

    private var startsAt: String {
        let isChecked = model.rule != nil || branches.contains { $0.value.rule != nil }
        return isChecked ? "let start = try json.position()\n        " : ""
    }

    private var constants: [String] {
        let rules =
            union.rules.isEmpty
            ? []
            : [
                "private static let branches: [Rule] = \(SwiftWriter.folded(RuleWriter.list(union.rules)))"
            ]
        let own = branches.compactMap { branch in
            branch.value.rule.map {
                "private static let \(ruleName(branch)): Rule = \(SwiftWriter.folded(RuleWriter.text($0)))"
            }
        }
        return ValueReader.constants(branches.map { ($0.identifier, $0.value) }) + rules + own
            + ModelEmitter.ruleConstant(model)
    }

    private func ruleName(_ branch: Emitted<Union.Branch>) -> String { branch.identifier.filter { $0 != "`" } + "Rule" }

    private func decide(_ decision: Union.Decision) -> String {
        switch decision {
        case .branch(let index): return take(branches[index])
        case .type(let table):
            let cases = table.map { types, decision in
                "case \(types.map { ".\($0)" }.lines(", ")):\n    \(decide(decision).indented())"
            }
            let names = table.flatMap(\.types).map(SwiftWriter.literal)
            if Set(names).count == 6 { return "switch try json.nextType() {\n\(cases.lines())\n}" }
            return """
                switch try json.nextType() {
                \(cases.lines())
                default:
                    try json.rejectType([\(names.lines(", "))])
                    return nil
                }
                """
        case .member(let name, let table, let isDiscriminator):
            let cases = table.map { values, branch in
                "case \(values.map(SwiftWriter.literal).lines(", ")):\n    \(take(branches[branch]).indented())"
            }
            let expected = table.flatMap(\.values).map(SwiftWriter.literal).lines(", ")
            return """
                switch try json.text(ofMember: \(SwiftWriter.literal(name))) {
                \(cases.lines())
                default:
                    try json.rejectChoice(by: \(SwiftWriter.literal(name)), [\(expected)], keyword: "\(isDiscriminator ? "discriminator" : "oneOf")")
                    return nil
                }
                """
        case .validation(let order, let isExclusive):
            let cases = order.map { "case \($0):\n    \(take(branches[$0]).indented())" }
            return """
                switch try json.choose(\(order), of: Self.branches, isExclusive: \(isExclusive)) {
                \(cases.lines())
                default: return nil
                }
                """
        }
    }

    private func take(_ branch: Emitted<Union.Branch>) -> String {
        let check = branch.value.rule == nil ? "" : "\ntry json.check(Self.\(ruleName(branch)), from: start)"
        let read = ValueReader.readPresent(branch.value, of: branch.identifier)
        if branch.value.isNullable {
            return "self = .\(branch.identifier)(try json.skipNull() ? nil : \(read))\(check)"
        }
        return "\(SwiftWriter.unwrapping("value", read))\nself = .\(branch.identifier)(value)\(check)"
    }
}
