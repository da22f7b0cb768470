import ContractCompiler

extension LintRules {
    /// Rules about examples.
    static let exampleRules: [LintRule] = [
        LintRule(
            "no-invalid-media-type-examples",
            "Examples of bodies fit their schemas.",
            .levels(.warn, minimal: .warn)
        ) {
            context,
            findings in
            checkExamples(.body, context, &findings)
        },
        LintRule("no-invalid-parameter-examples", "Examples of parameters fit their schemas.", .levels(.warn)) {
            context,
            findings in
            checkExamples(.parameter, context, &findings)
        },
        LintRule("no-invalid-schema-examples", "Examples of schemas fit them.", .levels(.warn)) { context, findings in
            checkExamples(.schema, context, &findings)
        },
        LintRule(
            "no-example-value-and-externalValue",
            "An example is here or elsewhere.",
            RuleLevels(recommended: .error, minimal: .warn, spec: .error, versions: ["3.0", "3.1"]),
            each: .example
        ) { example, _, findings in
            if example["value"] != nil, example["externalValue"] != nil {
                findings.report("the example has 'value' and 'externalValue', expected one of them", at: example.node)
            }
        },
        LintRule(
            "spec-example-values",
            "The fields of an example go together.",
            .versions("3.2", .error),
            each: .example
        ) {
            example,
            _,
            findings in
            for (field, others) in [
                ("value", ["externalValue", "dataValue", "serializedValue"]), ("externalValue", ["serializedValue"]),
            ] where example[field] != nil {
                for other in others where example[other] != nil {
                    findings.report("the example has '\(field)' and '\(other)', expected one of them", at: example.node)
                }
            }
        },
        LintRule(
            "spec-no-invalid-encoding-combinations",
            "Parts are described by name or by position.",
            .versions("3.2", .error),
            each: .mediaType,
            .encoding
        ) { visit, _, findings in
            guard let encoding = visit.node.members?.first(where: { $0.key == "encoding" }) else { return }
            if visit["prefixEncoding"] != nil || visit["itemEncoding"] != nil {
                findings.report("'encoding' beside 'prefixEncoding' or 'itemEncoding'", at: encoding)
            }
        },
    ]

    private static func checkExamples(
        _ place: ExampleChecker.Place,
        _ context: LintContext,
        _ findings: inout LintFindings
    ) {
        for fault in ExampleChecker(context.walk, context.normalised).faults(place) {
            findings.report(fault.message, at: fault.node, notes: fault.notes)
        }
    }
}
