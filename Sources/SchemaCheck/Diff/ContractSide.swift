import ContractCompiler

/// One side of a comparison: its operations, indexed by the requests they match.
struct ContractSide {
    /// An operation with everything it inherits.
    struct Operation {
        let method: String
        let template: String
        let node: Node
        let keyLocation: Location
        /// The parameters of the operation and of its path.
        let parameters: [Node]
        /// The security requirements, of which a caller must satisfy one. Nil if the contract has none for this operation.
        let security: Node?
        let inheritsSecurity: Bool

        var title: String { "\(method.uppercased()) \(template)" }
    }

    let flattener: Flattener
    /// Operations by method and by the path template without its parameter names.
    private(set) var operations: [String: Operation] = [:]
    private(set) var webhooks: [String: Operation] = [:]

    var source: ContractSource { flattener.source }

    init(_ source: ContractSource) {
        flattener = Flattener(source)
        // This walk reads every file, so the validators know all of them later.
        _ = DocumentWalk(source)
        for path in source.root["paths"]?.members ?? [] where !path.key.hasPrefix("x-") {
            for operation in operations(of: path) {
                operations["\(operation.method) \(Template.shape(path.key))"] = operation
            }
        }
        for webhook in source.root["webhooks"]?.members ?? [] where !webhook.key.hasPrefix("x-") {
            for operation in operations(of: webhook) { webhooks["\(operation.method) \(webhook.key)"] = operation }
        }
    }

    /// The operations of a path item under a name.
    func operations(of member: Node.Member) -> [Operation] {
        guard let item = source.followed(member.value) else { return [] }
        let shared = parameters(item)
        let extra = item["additionalOperations"]?.members ?? []
        let own = (item.members ?? []).filter { NodeKind.methods.contains($0.key) }
        return (own + extra).map { operation in
            let own = parameters(operation.value)
            let names = Set(own.map(LintContext.names))
            let inherited = shared.filter { !names.contains(LintContext.names($0)) }
            return Operation(
                method: operation.key.lowercased(),
                template: member.key,
                node: operation.value,
                keyLocation: operation.keyLocation,
                parameters: own + inherited,
                security: operation.value["security"] ?? source.root["security"],
                inheritsSecurity: operation.value["security"] == nil
            )
        }
    }

    private func parameters(_ node: Node) -> [Node] { (node["parameters"]?.items ?? []).compactMap(source.followed) }
}
