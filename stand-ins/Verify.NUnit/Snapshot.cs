using System.Text;
using NUnit.Framework;

namespace VerifyTests;

/// <summary>What was compared, after a comparison that held.</summary>
public class VerifyResult
{
    internal VerifyResult(string text) => Text = text;

    public string Text { get; }
}

internal sealed class VerifyException(string message) : Exception(message);

internal static class Snapshot
{
    // Text files of the package begin with a byte order mark and end without a newline.
    private static readonly UTF8Encoding Encoding = new(encoderShouldEmitUTF8Identifier: true);

    private static readonly char[] NotInNames = [.. "\"\\/<>|:*?\r\n\t", .. Enumerable.Range(0, 32).Select(c => (char)c)];

    public static async Task<VerifyResult> Check(
        string? target, string extension, VerifySettings settings, string sourceFile)
    {
        var text = settings.Scrubbed(target switch
        {
            null => "null",
            "" => "emptyString",
            _ => target.ReplaceLineEndings("\n"),
        });
        foreach (var (path, name) in Directories(sourceFile).OrderByDescending(known => known.Path.Length))
            text = text.Replace(path, name);

        var directory = Path.Combine(Path.GetDirectoryName(sourceFile)!, settings.Directory ?? "");
        var file = Path.Combine(directory, FileName(settings));
        var (received, verified) = ($"{file}.received.{extension}", $"{file}.verified.{extension}");

        var expected = File.Exists(verified) ? await File.ReadAllTextAsync(verified) : null;
        if (expected?.Contains('\r') == true)
            throw new VerifyException($"{verified} has carriage returns; snapshots end their lines with a line feed.");

        if (text == expected)
        {
            File.Delete(received);
            return new(text);
        }

        Directory.CreateDirectory(directory);
        await File.WriteAllTextAsync(settings.AcceptsAll ? verified : received, text, Encoding);
        if (settings.AcceptsAll) return new(text);

        throw new VerifyException(Message(directory, Path.GetFileName(file), extension, text, expected));
    }

    private static string FileName(VerifySettings settings)
    {
        if (settings.FileName is { } given) return given;

        var test = TestContext.CurrentContext.Test;
        var type = settings.TypeName ?? TypeName(test.Type!);
        var method = settings.MethodName ?? test.MethodName;
        return Sanitized($"{type}.{method}{Parameters(settings, test)}");
    }

    // Nested classes carry the names of those around them; the namespace is left out.
    private static string TypeName(Type type) =>
        type.DeclaringType is { } outer ? $"{TypeName(outer)}.{type.Name}" : type.Name;

    private static string Parameters(VerifySettings settings, TestContext.TestAdapter test)
    {
        if (settings.ParametersText is { } text) return $"_{text}";

        var names = test.MethodInfo?.GetParameters().Select(parameter => parameter.Name).ToArray() ?? [];
        var values = settings.Parameters ?? test.Arguments;
        if (values.Length > names.Length)
            throw new ArgumentException($"{values.Length} parameters are given; the test has {names.Length}.");

        return string.Concat(names.Zip(values, (name, value) => $"_{name}={Spelled(value)}"));
    }

    private static string Spelled(object? value) => value switch
    {
        null => "null",
        bool flag => flag ? "True" : "False",
        IFormattable formattable => formattable.ToString(null, System.Globalization.CultureInfo.InvariantCulture),
        _ => value.ToString() ?? "null",
    };

    private static string Sanitized(string name) =>
        string.Concat(name.Select(letter => NotInNames.Contains(letter) ? '-' : letter));

    private static IEnumerable<(string Path, string Name)> Directories(string sourceFile)
    {
        if (Above(sourceFile, "*.csproj") is { } project) yield return (project, "{ProjectDirectory}");
        if (Above(sourceFile, "*.sln") is { } solution) yield return (solution, "{SolutionDirectory}");
        yield return (AppContext.BaseDirectory, "{CurrentDirectory}");
        yield return (Path.GetTempPath(), "{TempPath}");
    }

    private static string? Above(string path, string pattern)
    {
        for (var folder = Directory.GetParent(path); folder is not null; folder = folder.Parent)
            if (folder.Exists && folder.EnumerateFiles(pattern).Any())
                return folder.FullName + Path.DirectorySeparatorChar;

        return null;
    }

    private static string Message(string directory, string name, string extension, string text, string? expected)
    {
        var (received, verified) = ($"{name}.received.{extension}", $"{name}.verified.{extension}");
        var kind = expected is null ? "New" : "NotEqual";
        var message = new StringBuilder($"Directory: {directory}\n{kind}:\n");
        message.Append($"  - Received: {received}\n    Verified: {verified}\n\nFileContent:\n\n{kind}:\n\n");
        message.Append($"Received: {received}\n{text}\n");
        if (expected is null) return message.ToString();

        message.Append($"Verified: {verified}\n{expected}\n\n");
        return message.Append(Difference.Between(expected, text)).ToString();
    }
}

/// <summary>The first lines that differ, with what stands around them.</summary>
internal static class Difference
{
    private const int Around = 2, AtMost = 12;

    public static string Between(string expected, string actual)
    {
        var (old, now) = (expected.Split('\n'), actual.Split('\n'));
        var first = 0;
        while (first < old.Length && first < now.Length && old[first] == now[first]) first++;

        var last = 0;
        while (last < old.Length - first && last < now.Length - first && old[^(last + 1)] == now[^(last + 1)]) last++;

        var text = new StringBuilder($"First difference in line {first + 1} (- verified, + received):\n");
        foreach (var line in old[Math.Max(0, first - Around)..first]) text.Append($"  {line}\n");
        foreach (var line in old[first..^last].Take(AtMost)) text.Append($"- {line}\n");
        foreach (var line in now[first..^last].Take(AtMost)) text.Append($"+ {line}\n");
        foreach (var line in now[^last..].Take(Around)) text.Append($"  {line}\n");
        return text.ToString();
    }
}
