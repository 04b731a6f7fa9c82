using System.Runtime.CompilerServices;
using VerifyTests;

namespace VerifyNUnit;

/// <summary>Compares text with a file beside the test that was read and kept by a person.</summary>
public static class Verifier
{
    public static SettingsTask Verify(
        string? target, VerifySettings? settings = null, [CallerFilePath] string sourceFile = "") =>
        Verify(target, "txt", settings, sourceFile);

    public static SettingsTask Verify(
        string? target, string extension, VerifySettings? settings = null, [CallerFilePath] string sourceFile = "") =>
        new(settings ?? new(), set => Snapshot.Check(target, extension, set, sourceFile));

    public static SettingsTask Verify(
        Task<string> target, VerifySettings? settings = null, [CallerFilePath] string sourceFile = "") =>
        Verify(target, "txt", settings, sourceFile);

    public static SettingsTask Verify(
        Task<string> target, string extension, VerifySettings? settings = null,
        [CallerFilePath] string sourceFile = "") =>
        new(settings ?? new(), async set => await Snapshot.Check(await target, extension, set, sourceFile));
}
