using System.Text;

namespace VerifyTests;

/// <summary>Where the file is, what it is called, and what is taken out of the text before it is compared.</summary>
public class VerifySettings
{
    // The one added last runs first, as in the package.
    private readonly List<Action<StringBuilder>> scrubbers = [];

    public VerifySettings()
    {
    }

    public VerifySettings(VerifySettings? settings)
    {
        if (settings is null) return;

        scrubbers.AddRange(settings.scrubbers);
        (Directory, FileName, TypeName, MethodName) =
            (settings.Directory, settings.FileName, settings.TypeName, settings.MethodName);
        (Parameters, ParametersText, AcceptsAll) =
            (settings.Parameters, settings.ParametersText, settings.AcceptsAll);
    }

    internal string? Directory { get; private set; }

    internal string? FileName { get; private set; }

    internal string? TypeName { get; private set; }

    internal string? MethodName { get; private set; }

    internal object?[]? Parameters { get; private set; }

    internal string? ParametersText { get; private set; }

    internal bool AcceptsAll { get; private set; }

    public void UseDirectory(string directory) => Directory = directory;

    public void UseFileName(string fileName)
    {
        if (TypeName is not null || MethodName is not null || Parameters is not null)
            throw new InvalidOperationException("UseFileName names the whole file; no other name goes with it.");

        FileName = fileName;
    }

    public void UseTypeName(string name) => TypeName = OnlyWithoutFileName(name);

    public void UseMethodName(string name) => MethodName = OnlyWithoutFileName(name);

    public void UseParameters(params object?[] parameters) => Parameters = OnlyWithoutFileName(parameters);

    public void UseTextForParameters(string parametersText) => ParametersText = OnlyWithoutFileName(parametersText);

    public void AutoVerify(bool includeBuildServer = true) => AcceptsAll = includeBuildServer || !OnBuildServer;

    /// <summary>Here no tool is ever started, so there is nothing to switch off.</summary>
    public void DisableDiff()
    {
    }

    public void AddScrubber(Action<StringBuilder> scrubber) => scrubbers.Add(scrubber);

    public void ScrubLines(Func<string, bool> removeLine) =>
        ScrubLinesWithReplace(line => removeLine(line) ? null : line);

    public void ScrubLinesContaining(params string[] stringToMatch) =>
        ScrubLinesContaining(StringComparison.OrdinalIgnoreCase, stringToMatch);

    public void ScrubLinesContaining(StringComparison comparison, params string[] stringToMatch) =>
        ScrubLines(line => stringToMatch.Any(part => line.Contains(part, comparison)));

    public void ScrubEmptyLines() => ScrubLines(string.IsNullOrWhiteSpace);

    /// <param name="replaceLine">Null removes the line.</param>
    public void ScrubLinesWithReplace(Func<string, string?> replaceLine) => AddScrubber(text =>
    {
        var lines = text.ToString().Split('\n').Select(replaceLine).Where(line => line is not null).ToArray();
        text.Clear().AppendJoin('\n', lines);
    });

    internal string Scrubbed(string target)
    {
        var text = new StringBuilder(target.ReplaceLineEndings("\n"));
        foreach (var scrub in Enumerable.Reverse(scrubbers)) scrub(text);
        return text.ToString().ReplaceLineEndings("\n");
    }

    private static bool OnBuildServer => Environment.GetEnvironmentVariable("CI") is { Length: > 0 };

    private T OnlyWithoutFileName<T>(T value) => FileName is null
        ? value
        : throw new InvalidOperationException("UseFileName names the whole file; no other name goes with it.");
}
