using System.Runtime.CompilerServices;
using System.Text;

namespace VerifyTests;

/// <summary>A comparison that can be told more before it is awaited. It runs once, when it is awaited.</summary>
public class SettingsTask(VerifySettings? settings, Func<VerifySettings, Task<VerifyResult>> buildTask)
{
    private Task<VerifyResult>? task;

    /// <summary>A copy: settings that several tests share are not changed by one of them.</summary>
    public VerifySettings CurrentSettings { get; } = new(settings);

    public SettingsTask UseDirectory(string directory) => With(set => set.UseDirectory(directory));

    public SettingsTask UseFileName(string fileName) => With(set => set.UseFileName(fileName));

    public SettingsTask UseTypeName(string name) => With(set => set.UseTypeName(name));

    public SettingsTask UseMethodName(string name) => With(set => set.UseMethodName(name));

    public SettingsTask UseParameters(params object?[] parameters) => With(set => set.UseParameters(parameters));

    public SettingsTask UseTextForParameters(string parametersText) =>
        With(set => set.UseTextForParameters(parametersText));

    public SettingsTask AutoVerify(bool includeBuildServer = true) =>
        With(set => set.AutoVerify(includeBuildServer));

    public SettingsTask DisableDiff() => With(set => set.DisableDiff());

    public SettingsTask AddScrubber(Action<StringBuilder> scrubber) => With(set => set.AddScrubber(scrubber));

    public SettingsTask ScrubLines(Func<string, bool> removeLine) => With(set => set.ScrubLines(removeLine));

    public SettingsTask ScrubLinesContaining(params string[] stringToMatch) =>
        With(set => set.ScrubLinesContaining(stringToMatch));

    public SettingsTask ScrubLinesContaining(StringComparison comparison, params string[] stringToMatch) =>
        With(set => set.ScrubLinesContaining(comparison, stringToMatch));

    public SettingsTask ScrubEmptyLines() => With(set => set.ScrubEmptyLines());

    public SettingsTask ScrubLinesWithReplace(Func<string, string?> replaceLine) =>
        With(set => set.ScrubLinesWithReplace(replaceLine));

    public Task<VerifyResult> ToTask() => task ??= buildTask(CurrentSettings);

    public ConfiguredTaskAwaitable<VerifyResult> ConfigureAwait(bool continueOnCapturedContext) =>
        ToTask().ConfigureAwait(continueOnCapturedContext);

    public TaskAwaiter<VerifyResult> GetAwaiter() => ToTask().GetAwaiter();

    public static implicit operator Task(SettingsTask settingsTask) => settingsTask.ToTask();

    private SettingsTask With(Action<VerifySettings> tell)
    {
        tell(CurrentSettings);
        return this;
    }
}
