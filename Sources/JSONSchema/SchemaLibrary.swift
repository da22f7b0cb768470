package import ContractCompiler

/// Validates instances against the schemas of a contract's files, wherever they stand in them.
///
/// Unlike `SchemaValidator` it does not look at the schemas themselves first: one that cannot be used is an error when it is reached.
package struct SchemaLibrary {
    private var evaluator: Evaluator

    /// The schemas that `index` has.
    package init(index: SchemaIndex, assertsFormats: Bool) {
        evaluator = Evaluator(reader: SchemaReader(index: index, assertsFormats: assertsFormats))
    }

    /// Whether `instance` is valid against the schema at `node`, and why not.
    package mutating func validate(
        _ instance: Node,
        against node: Node,
        in resource: SchemaResource
    ) throws(SchemaError) -> ValidationOutput {
        try evaluator.validate(instance, against: node, in: resource)
    }
}
