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

    /// Keywords that a validation applies at most, unless it is told otherwise.
    package static let stepLimit = Evaluator.stepLimit

    /// Keywords that all validations applied.
    package private(set) var steps = 0

    /// Whether `instance` is valid against the schema at `node`, and why not.
    ///
    /// - Parameter limit: Keywords that are applied at most.
    package mutating func validate(
        _ instance: Node,
        against node: Node,
        in resource: SchemaResource,
        limit: Int = stepLimit
    ) throws(SchemaError) -> ValidationOutput {
        defer { steps += evaluator.steps }
        return try evaluator.validate(instance, against: node, in: resource, steps: limit)
    }
}
