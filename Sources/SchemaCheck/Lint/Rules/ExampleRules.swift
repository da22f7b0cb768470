import ContractCompiler

extension LintRules {
    /// Rules about examples.
    static let exampleRules: [LintRule] = [
        LintRule(
            "no-invalid-media-type-examples",
            "Examples of bodies match their schemas.",
            .levels(.warn, minimal: .warn)
        ) {
            context,
            findings in
            checkExamples(.body, context, &findings)
        },
        LintRule("no-invalid-parameter-examples", "Examples of parameters match their schemas.", .levels(.warn)) {
            context,
            findings in
            checkExamples(.parameter, context, &findings)
        },
        LintRule("no-invalid-schema-examples", "Examples in schemas match their schemas.", .levels(.warn)) {
            context,
            findings in
            checkExamples(.schema, context, &findings)
        },
        LintRule(
            "no-example-value-and-externalValue",
            "An example has a value or an external value, not both.",
            RuleLevels(recommended: .error, minimal: .warn, spec: .error, versions: ["3.0", "3.1"]),
            each: .example
        ) { example, _, findings in
            if example["value"] != nil, example["externalValue"] != nil {
                findings.report(
                    "the example has 'value' and 'externalValue', expected only one of them",
                    at: example.node
                )
            }
        },
        LintRule(
            "spec-example-values",
            "An example has no conflicting fields.",
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
                    findings.report(
                        "the example has '\(field)' and '\(other)', expected only one of them",
                        at: example.node
                    )
                }
            }
        },
        LintRule(
            "spec-no-invalid-encoding-combinations",
            "Multipart encodings are by name or by position, not both.",
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
