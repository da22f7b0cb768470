package import ContractCompiler

/// Validates instances against any schema in the files of a contract.
///
/// Unlike `SchemaValidator`, it does not validate the schemas first. An invalid schema is an error when it is reached.
package struct SchemaLibrary {
    private var evaluator: Evaluator

    /// Creates a library of the schemas in `index`.
    package init(index: SchemaIndex, assertsFormats: Bool) {
        evaluator = Evaluator(reader: SchemaReader(index: index, assertsFormats: assertsFormats))
    }

    /// The default for the maximum number of keywords that a validation applies.
    package static let stepLimit = Evaluator.stepLimit

    /// The number of keywords that all validations applied.
    package private(set) var steps = 0

    /// Validates `instance` against the schema at `node`.
    ///
    /// - Parameter limit: The maximum number of keywords to apply.
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
