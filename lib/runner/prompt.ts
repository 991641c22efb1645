// Asks on a terminal.

/** A question that yes or no answers; Ctrl-C is no. */
export async function askYesNo(question: string): Promise<boolean> {
  const { default: enquirer } = await import('enquirer');
  const prompt = { type: 'confirm', name: 'answer', message: question, initial: false } as const;
  try {
    const { answer } = await enquirer.prompt<{ answer: boolean }>({ ...prompt, stdout: process.stderr });
    return answer;
  } catch {
    // It throws an empty text for Ctrl-C and Escape.
    return false;
  }
}
