// The drawings of the icons, 16 by 16, and the looks of states.

/** The path of each icon. */
export const drawings = {
  brand:
    'M8 2c3 0 5 .9 5 2v8c0 1.1-2 2-5 2s-5-.9-5-2V4c0-1.1 2-2 5-2z' +
    'M3 4c0 1.1 2 2 5 2s5-.9 5-2M6 10l1.5 1.5 3-2.7',
  jobs: 'M2 3h12M2 8h12M2 13h7',
  databases:
    'M8 2c3 0 5 .9 5 2s-2 2-5 2-5-.9-5-2 2-2 5-2zM3 4v8c0 1.1 2 2 5 2s5-.9 5-2V4M3 8c0 1.1 2 2 5 2s5-.9 5-2',
  backups: 'M2 3h12v3H2zM3 6v7h10V6M6.5 9h3',
  schedules: 'M8 2a6 6 0 1 1 0 12A6 6 0 0 1 8 2zM8 5v3.2l2.2 1.6',
  settings: 'M2 4.5h7M12 4.5h2M2 11.5h2M7 11.5h7M10.5 3v3M5.5 10v3',
  add: 'M8 3v10M3 8h10',
  good: 'M3 8.5l3.2 3.2L13 4.8',
  bad: 'M4 4l8 8M12 4l-8 8',
  warn: 'M8 2.5l6 11H2zM8 7v3M8 11.8v.2',
  waiting: 'M4 2h8M4 14h8M5 2c0 3.5 6 5 6 8v4M11 2c0 3.5-6 5-6 8v4',
  running: 'M8 2a6 6 0 1 1-6 6',
  stopped: 'M8 2a6 6 0 1 1 0 12A6 6 0 0 1 8 2zM5 8h6',
  shield: 'M8 1.8l5 1.8v4c0 3.2-2.2 5.6-5 6.6-2.8-1-5-3.4-5-6.6v-4z',
  copy: 'M6 6h7v7H6zM10 6V3H3v7h3',
} as const;

/** The name of an icon. */
export type IconName = keyof typeof drawings;

/** The look of a state. */
export type Tone = 'good' | 'warn' | 'bad' | 'busy' | 'quiet';
