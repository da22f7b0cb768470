@testable import ContractRuntime

extension FuzzTarget {
    /// Parameters in every location, style and shape become JSON.
    static let parameter = FuzzTarget(name: "parameter") { bytes in
        let texts = bytes.parts.map { String(decoding: $0, as: UTF8.self) }
        for parameter in parameters {
            let source: ParameterText.Source =
                switch parameter.place {
                case .path: .text(texts[0])
                case .query: .fields(FormField.fields(of: texts[0]))
                case .header: .values(texts)
                case .cookie: .fields(FormField.cookies(of: texts[0]))
                }
            if let json = try? ParameterText.json(of: parameter, texts: source) { expectJSON(json) }
        }
    }

    private static let parameters: [ParameterDescription] = {
        var parameters: [ParameterDescription] = []
        for shape in TextShape.fuzzed {
            for explodes in [false, true] {
                for style in [ParameterDescription.Style.simple, .label, .matrix] {
                    parameters.append(.path("a", index: 0, style: style, explodes: explodes, shape: shape))
                }
                for style in [ParameterDescription.Style.form, .spaceDelimited, .pipeDelimited, .deepObject] {
                    parameters.append(.query("a", style: style, explodes: explodes, shape: shape))
                }
                parameters.append(.header("X-A", explodes: explodes, shape: shape))
                parameters.append(.cookie("a", explodes: explodes, shape: shape))
            }
        }
        return parameters
    }()
}
